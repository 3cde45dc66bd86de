"""Keeps a catalog as its sources say, for as long as a server runs. READ FIRST.

`file`: the configuration file alone. `kubernetes`: the file until the API server has answered, then
the InferenceServices, with the aliases of the file.
"""

from __future__ import annotations

import asyncio
import logging
from importlib.util import find_spec
from pathlib import Path

from contract.catalog import Catalog
from contract.config import InvalidConfig, ServiceConfig
from transport.discovery.file import ConfigFile
from transport.discovery.services import Service
from transport.discovery.settings import DiscoverySettings, Pace
from transport.discovery.snapshot import snapshot_of
from transport.discovery.watch import ServiceApi, ServiceWatch

logger = logging.getLogger(__name__)


class Discovery:
    """Owns the catalog. Entering the context starts to follow the sources, leaving it ends that.

    Everything here happens on the event loop; the watch's thread only hands its findings over.
    """

    def __init__(self, settings: DiscoverySettings, config: Path, pace: Pace | None = None) -> None:
        """Read the file. Raises InvalidConfig; also when the cluster's client is not installed."""
        self._settings, self._pace = settings, pace or Pace()
        if settings.discovery == "kubernetes" and find_spec("kubernetes") is None:
            raise InvalidConfig(
                "SPEECH_DISCOVERY=kubernetes needs the extra harmony-speech[discovery]"
            )
        self._file = ConfigFile(config)
        self._config = self._file.load()
        self._services: tuple[Service, ...] | None = None
        self.catalog = Catalog(self._config)
        self._poll: asyncio.Task[None] | None = None
        self._watch: ServiceWatch | None = None

    async def __aenter__(self) -> Catalog:
        self._poll = asyncio.create_task(self._follow_file())
        if self._settings.discovery == "kubernetes":
            loop = asyncio.get_running_loop()

            def hand_over(services: tuple[Service, ...]) -> None:
                loop.call_soon_threadsafe(self._take_services, services)

            self._watch = ServiceWatch(self._connect, hand_over, self._pace)
            self._watch.start()
        return self.catalog

    async def __aexit__(self, *_: object) -> None:
        if self._poll is not None:
            self._poll.cancel()
            await asyncio.gather(self._poll, return_exceptions=True)
        if self._watch is not None:
            await asyncio.to_thread(self._watch.stop)

    def _connect(self) -> ServiceApi:
        """In the watch's thread: the import takes most of a second; the server need not wait."""
        from transport.discovery.api import connect

        return connect(self._settings, self._pace)

    async def _follow_file(self) -> None:
        while True:
            await asyncio.sleep(self._pace.poll_s)
            config = await asyncio.to_thread(self._file.changed)
            if config is not None:
                self._take_config(config)

    def _take_config(self, config: ServiceConfig) -> None:
        self._config = config
        self._publish()

    def _take_services(self, services: tuple[Service, ...]) -> None:
        self._services = services
        self._publish()

    def _publish(self) -> None:
        """Replace the catalog whole, and say what came and what went."""
        before = {model.name for model in self.catalog.current.models}
        if self._services is None:
            self.catalog.replace(self._config)
        else:
            self.catalog.current = snapshot_of(self._services, self._config.aliases)
        now = {model.name for model in self.catalog.current.models}
        if now != before:
            added, removed = ", ".join(sorted(now - before)), ", ".join(sorted(before - now))
            logger.info("catalog: added %s; removed %s", added or "none", removed or "none")
