"""Entries that are served only where their weights and packages are here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contract.config import Aliases, ModelConfig, ServiceConfig
from predictors.runtime.registry import missing_packages
from predictors.runtime.weights.source import WeightsMissing, fetch_snapshot, resolve


def served_here(config: ServiceConfig) -> tuple[ServiceConfig, list[str]]:
    """The configuration without the optional entries that are not here, and a line for each.

    An alias of such an entry goes to its fallback, or goes too where it has none.
    """
    absent = {
        entry.name: entry.fallback
        for entry in config.model_configs
        if entry.optional and not _is_here(entry)
    }
    models = tuple(entry for entry in config.model_configs if entry.name not in absent)
    if not absent or not models:
        return config, []
    targets = {alias: absent.get(name, name) for alias, name in config.aliases.models.items()}
    kept = {alias: name for alias, name in targets.items() if name and name not in absent}
    aliases = Aliases(models=kept, voices=config.aliases.voices)
    changed = config.model_copy(update={"model_configs": models, "aliases": aliases})
    return changed, [_line(name, fallback) for name, fallback in absent.items()]


def _line(name: str, fallback: str | None) -> str:
    answers = f"; {fallback} answers instead" if fallback else ""
    return f"{name} is left out: its weights or packages are not here{answers}."


def _is_here(entry: ModelConfig) -> bool:
    try:
        resolve(entry.model, revision=entry.revision, fetch=_cached)
    except WeightsMissing:
        return False
    return not missing_packages(entry.model_type)


def _cached(
    repo: str, revision: str | None, patterns: Sequence[str] | None, *, offline: bool
) -> Path:
    """What the hub's cache has; starting a server downloads nothing for an optional model."""
    del offline
    return fetch_snapshot(repo, revision, patterns, offline=True)
