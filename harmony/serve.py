"""`harmony serve`: one process that holds every room. READ FIRST."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from contract.config import ServiceConfig
from harmony.one_process import one_process
from ingress import metrics
from ingress.keys import read_keys
from ingress.local_hosts import LocalHosts
from ingress.realtime.routes import MAX_MESSAGE_MB
from ingress.settings import Settings as IngressSettings
from predictors.runtime.heap import limit_heaps
from predictors.runtime.openmp import set_openmp_passive
from predictors.runtime.settings import Settings as PredictorSettings
from transport import tracing
from transport.asgi.server_config import server_config
from transport.client.connection import ConnectionSettings
from transport.logs import configure


@dataclass(frozen=True, slots=True)
class ServeOptions:
    host: str = "127.0.0.1"
    port: int = 8080
    load_at_start: bool = True
    """Load every model in the background once the server listens."""


async def serve(
    config: ServiceConfig, options: ServeOptions, announce: Callable[[str], None]
) -> None:
    """Serve until SIGINT or SIGTERM; requests in flight are finished."""
    predictors = PredictorSettings(load_at_start=options.load_at_start)
    configure(predictors.log_level)
    tracing.configure("harmony-speech")
    set_openmp_passive()
    limit_heaps()
    ingress = IngressSettings()
    async with one_process(
        config,
        ingress=ingress,
        predictors=predictors,
        connection=ConnectionSettings(),
    ) as app:
        settings = server_config(
            LocalHosts(app) if _is_private(options, ingress) else app,
            ingress,
            host=options.host,
            port=options.port,
            trusted_proxies=ingress.trusted_proxies,
            max_message_mb=MAX_MESSAGE_MB if ingress.realtime_sessions else 0,
        )
        with metrics.served_apart(options.host, ingress.metrics_port):
            await _Server(settings, lambda url: announce(welcome(url, config))).serve()


def _is_private(options: ServeOptions, ingress: IngressSettings) -> bool:
    """Only programs of this machine are meant, and nothing else tells them from web pages."""
    is_loopback = options.host in ("127.0.0.1", "::1", "localhost")
    return is_loopback and ingress.cors_origins is None and not read_keys(ingress)


class _Server(uvicorn.Server):
    """Tells its address once it listens."""

    def __init__(self, config: uvicorn.Config, on_listening: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_listening(f"http://{host}:{port}")


def welcome(url: str, config: ServiceConfig) -> str:
    """The address and three commands to try."""
    names = ", ".join(entry.name for entry in config.model_configs)
    return f"""
Harmony Speech answers at {url}
Models: {names}. They load in the background; a first request may wait for its model.

Try it from another terminal:

  speak       curl -s {url}/v1/audio/speech -H 'content-type: application/json' -o hello.mp3 \\
                -d '{{"model": "tts-1", "voice": "alloy", "input": "Hello from Harmony."}}'
  transcribe  curl -s {url}/v1/audio/transcriptions -F model=whisper-1 -F file=@hello.mp3
  try it      open {url}
  read on     open {url}/docs

Ctrl-C ends it.
"""
