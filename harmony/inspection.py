"""What an operator wants to know before serving: what is configured, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from contract.config import ModelConfig, ServiceConfig
from contract.errors import SpeechError
from contract.model_types import MODEL_TYPE_TASKS, MODEL_TYPES
from contract.toolchains import TOOLCHAINS
from predictors.runtime.options import read_options
from predictors.runtime.registry import (
    known_model_types,
    missing_packages,
    model_type_class,
    task_of,
)


def problems(config: ServiceConfig) -> list[str]:
    """One line per entry that could not be served here."""
    return [line for entry in config.model_configs for line in _problem(entry)]


def _problem(entry: ModelConfig) -> Iterator[str]:
    try:
        task = task_of(entry.model_type)
    except SpeechError as exc:
        yield f"{entry.name}: {exc.message}"
        return
    if entry.options:  # only then: the class may import torch
        try:
            read_options(model_type_class(entry.model_type).spec.options, entry)
        except SpeechError as exc:
            yield exc.message
    if entry.task not in (None, task):
        yield f"{entry.name}: task is {entry.task}, but {entry.model_type} does {task}"


def summary(config: ServiceConfig) -> str:
    entries = config.model_configs
    chains = [
        spec.name
        for spec in TOOLCHAINS.values()
        if any(
            all(any(entry.plays(need) for entry in entries) for need in needs)
            for needs in spec.needs.values()
        )
    ]
    models = f"{len(config.model_configs)} models"
    return f"valid: {models}; toolchains: {', '.join(chains) or 'none'}"


def model_type_table() -> Iterator[str]:
    yield f"{'model type':<34}{'task':<17}{'licence':<40}installed"
    for name in known_model_types():
        missing = missing_packages(name)
        installed = f"no: {', '.join(missing)}" if missing else "yes"
        yield f"{name:<34}{_task(name):<17}{_license(name):<40}{installed}"


def _license(name: str) -> str:
    """A plugin's stands in its package's metadata: it is not imported for this."""
    return MODEL_TYPES[name].license if name in MODEL_TYPES else "see its package"


def _task(name: str) -> str:
    try:
        return MODEL_TYPE_TASKS.get(name) or task_of(name)
    except SpeechError:
        return "unknown"
