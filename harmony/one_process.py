"""All rooms in one process: what differs from a cluster is the transport and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI

from contract.catalog import Availability, Catalog
from contract.config import ServiceConfig
from contract.errors import SpeechError
from ingress.app import create_app
from ingress.settings import Settings as IngressSettings
from predictors.runtime.registry import ModelTypeSource, on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings as PredictorSettings
from transformer.engine import ToolchainEngine
from transformer.toolchains import TOOLCHAINS
from transport.client.connection import ConnectionSettings, resilient, store
from transport.client.in_process import Endpoint, InProcessClient

logger = logging.getLogger(__name__)


ModelTypes = Callable[[str], ModelTypeSource]
"""Finds a model type by its name. Raises SpeechError for an unknown one."""


def with_tasks(config: ServiceConfig, runners: Mapping[str, ModelRunner]) -> ServiceConfig:
    """The same entries with their tasks, which of a plugin's types only its package knows."""
    entries = tuple(
        entry.model_copy(update={"task": runners[entry.name].task})
        for entry in config.model_configs
    )
    return config.model_copy(update={"model_configs": entries})


@asynccontextmanager
async def one_process(
    config: ServiceConfig,
    *,
    ingress: IngressSettings,
    predictors: PredictorSettings,
    connection: ConnectionSettings,
    model_types: ModelTypes = on_first_use,
) -> AsyncIterator[FastAPI]:
    """The public application with everything behind it; models are let go at the end."""
    endpoints: dict[str, Endpoint] = {}
    repository = ModelRepository(predictors, memory_budget_mb=config.memory_budget_mb)
    for entry in config.model_configs:
        endpoints[entry.name] = repository.add(entry, model_types(entry.model_type))
    catalog = Catalog(with_tasks(config, repository.runners))
    catalog.current = replace(catalog.current, availability=LoadedModels(repository.runners))
    kept = store(connection)
    client = resilient(InProcessClient(endpoints), catalog, connection, kept)
    for name in TOOLCHAINS:
        endpoints[name] = ToolchainEngine(
            name, client, lambda: catalog.current, splitting=ingress.splitting
        )
    loading = asyncio.create_task(
        load_in_turn(repository.runners.values() if predictors.load_at_start else ())
    )
    try:
        yield create_app(ingress, client, catalog)
    finally:
        loading.cancel()
        await asyncio.gather(loading, return_exceptions=True)
        await repository.aclose()
        if kept is not None:
            await kept.aclose()


async def load_in_turn(endpoints: Iterable[Endpoint]) -> None:
    """Load models one by one while requests are served; whoever asks for a broken one hears why."""
    for endpoint in endpoints:
        try:
            await endpoint.ensure_loaded()
        except SpeechError as exc:
            logger.warning("%s", exc.message)


class LoadedModels(Mapping[str, Availability]):
    """Which models of this process are awake, as a cluster would tell. Asked anew each time: models
    load, and are unloaded to make room."""

    def __init__(self, runners: Mapping[str, ModelRunner]) -> None:
        self._runners = runners

    def __getitem__(self, name: str) -> Availability:
        return Availability.READY if self._runners[name].is_loaded else Availability.ASLEEP

    def __iter__(self) -> Iterator[str]:
        return iter(self._runners)

    def __len__(self) -> int:
        return len(self._runners)
