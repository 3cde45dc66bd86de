"""From the services of a cluster to a catalog. One bad service never spoils the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from contract.catalog import Availability, CatalogSnapshot
from contract.config import Aliases, ModelConfig
from transport.discovery.services import Service

logger = logging.getLogger(__name__)


def snapshot_of(services: Iterable[Service], aliases: Aliases) -> CatalogSnapshot:
    """Models in alphabetical order, as the chart writes its file; aliases of what is there."""
    kept = _one_per_model(services)
    entries = {service.entry.name: service.entry for service in kept}
    availability: dict[str, Availability] = {}
    addresses: dict[str, str] = {}
    toolchains: list[str] = []
    for service in kept:
        availability[service.entry.name] = service.availability
        addresses[service.entry.name] = service.address
        if service.toolchain is not None and service.toolchain.name not in toolchains:
            toolchains.append(service.toolchain.name)
            availability[service.toolchain.name] = service.toolchain.availability
            addresses[service.toolchain.name] = service.toolchain.address
    known = entries.keys() | set(toolchains)
    return CatalogSnapshot(
        models=tuple(_checked(entry, entries) for entry in entries.values()),
        aliases={alias: name for alias, name in aliases.models.items() if name in known},
        voice_aliases=dict(aliases.voices),
        served_toolchains=tuple(toolchains),
        availability=availability,
        addresses=addresses,
    )


def _one_per_model(services: Iterable[Service]) -> list[Service]:
    """The first of each model name by the service's name, so that every server picks the same."""
    kept: dict[str, Service] = {}
    for service in sorted(services, key=lambda one: (one.entry.name, one.name)):
        first = kept.setdefault(service.entry.name, service)
        if first is not service:
            logger.warning(
                "InferenceService %s is left out: %s serves model %s already",
                service.name,
                first.name,
                service.entry.name,
            )
    return list(kept.values())


def _checked(entry: ModelConfig, entries: dict[str, ModelConfig]) -> ModelConfig:
    """Without a fallback that cannot answer: it may come later, or have gone."""
    if entry.fallback is None:
        return entry
    other = entries.get(entry.fallback)
    if other is not None and other is not entry and other.resolved_task == entry.resolved_task:
        return entry
    logger.warning("%s: fallback %s is no model of the same task", entry.name, entry.fallback)
    return entry.model_copy(update={"fallback": None})
