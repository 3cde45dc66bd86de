"""The ingress as a program of its own, before predictors and toolchains that run elsewhere.

python -m ingress --config config.yml --host 0.0.0.0 --port 8080
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from pydantic import ValidationError

from contract.errors import SpeechError
from ingress import metrics
from ingress.app import create_app
from ingress.realtime.routes import MAX_MESSAGE_MB
from ingress.settings import Settings
from transport import logs, tracing
from transport.asgi.server_config import server_config
from transport.client.connection import ConnectionSettings, HttpConnection
from transport.discovery.discovery import Discovery
from transport.discovery.settings import DiscoverySettings
from transport.program import cannot_listen, enable_garbage_collection, port, settings_errors

logger = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; requests in flight are finished. Returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        settings, connection = Settings(), ConnectionSettings()
        discovery = Discovery(DiscoverySettings(), arguments.config)
        logs.configure(settings.log_level)
        tracing.configure("harmony-speech-ingress")
        # uvicorn ends cleanly on SIGTERM and then raises it again: that is no failure.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        enable_garbage_collection()
        asyncio.run(serve(settings, connection, discovery, arguments.host, arguments.port))
    except SpeechError as error:
        parser.error(error.message)
    except ValidationError as exc:
        parser.error(settings_errors(exc))
    except SystemExit:  # uvicorn's, which has logged the system's reason
        parser.error(cannot_listen(arguments.host, arguments.port))
    except KeyboardInterrupt:
        logger.info("ended")
    return 0


async def serve(
    settings: Settings, connection: ConnectionSettings, discovery: Discovery, host: str, port: int
) -> None:
    """Raises InvalidConfig when the keys or the connection's settings cannot be used."""
    catalog = discovery.catalog
    async with discovery, HttpConnection(connection, catalog) as client:
        config = server_config(
            create_app(settings, client, catalog),
            settings,
            host=host,
            port=port,
            trusted_proxies=settings.trusted_proxies,
            max_message_mb=MAX_MESSAGE_MB if settings.realtime_sessions else 0,
        )
        with metrics.served_apart(host, settings.metrics_port):
            await uvicorn.Server(config).serve()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m ingress", description="Serve the public HTTP surface in both dialects."
    )
    parser.add_argument("--config", type=Path, required=True, help="configuration file (YAML)")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")
    parser.add_argument("--port", type=port, default=8080)
    return parser
