"""Which predictors and toolchains can be called now, and what they can do.

A catalog is replaced whole when the configuration or the cluster changes; readers hold a snapshot
for the length of one request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from contract.config import ModelConfig, ServiceConfig
from contract.errors import Unroutable, shown
from contract.tasks import Task
from contract.toolchains import TOOLCHAINS, ModelTypes, ToolchainSpec


class Availability(StrEnum):
    """What the cluster, or the process, tells of a predictor or toolchain. All may be called."""

    READY = "ready"
    ASLEEP = "asleep"
    """Scaled to zero, or not loaded: the next request waits for a start."""
    NOT_READY = "not_ready"
    """Still being deployed, stopped, or broken."""


@dataclass(frozen=True, slots=True, eq=False)
class CatalogSnapshot:
    """Replaced, never changed: what is derived from one may be kept by its identity."""

    models: tuple[ModelConfig, ...]
    """In file order, which decides when several could serve."""
    aliases: dict[str, str]
    """Model names that clients use instead."""
    voice_aliases: dict[str, str]
    served_toolchains: tuple[str, ...] | None = None
    """None: every toolchain whose models are here."""
    availability: Mapping[str, Availability] = field(default_factory=dict)
    """By name of model or toolchain; empty where nobody knows."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Base URLs by the same names; what is missing has the address that its name implies."""

    def find(self, name: str) -> ModelConfig | None:
        return next((model for model in self.models if model.name == name), None)

    def of_types(self, need: ModelTypes) -> tuple[ModelConfig, ...]:
        return tuple(model for model in self.models if model.plays(need))

    def pick(
        self, need: ModelTypes, *, language: str | None = None, name: str | None = None
    ) -> ModelConfig:
        """The first of these types; of that language or name where one is given.

        Raises Unroutable.
        """
        candidates = self.of_types(need)
        if not candidates:
            raise Unroutable(f"no {' or '.join(need)} is configured; add one")
        if name is not None:
            candidates = tuple(model for model in candidates if model.name == name)
            if not candidates:
                raise Unroutable(f"{shown(name)!r} is no {' or '.join(need)} of this toolchain")
        if language is None:
            return candidates[0]
        for model in candidates:
            if model.language == language:
                return model
        known = ", ".join(sorted({model.language for model in candidates if model.language}))
        raise Unroutable(
            f"no {' or '.join(need)} speaks {language}; configured: {known or 'none'}",
            param="language",
        )

    def toolchains(self, task: Task) -> tuple[ToolchainSpec, ...]:
        """Served toolchains whose every need for the task is met, in the table's order."""
        served = TOOLCHAINS if self.served_toolchains is None else self.served_toolchains
        return tuple(
            spec
            for name, spec in TOOLCHAINS.items()
            if name in served
            and task in spec.needs
            and all(self.of_types(need) for need in spec.needs[task])
        )


class Catalog:
    """Holds the current snapshot."""

    current: CatalogSnapshot

    def __init__(self, config: ServiceConfig) -> None:
        self.replace(config)

    def replace(self, config: ServiceConfig) -> None:
        self.current = CatalogSnapshot(
            config.model_configs,
            dict(config.aliases.models),
            dict(config.aliases.voices),
            config.toolchains,
        )
