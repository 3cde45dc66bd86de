"""The transformer's program: one toolchain behind KServe's protocols. READ FIRST.

python -m transformer --toolchain openvoice_v2 --config config.yml
    --predictor_host openvoice-v2-predictor.speech

KServe appends --predictor_host and --model_name. The host is the toolchain's own predictor, its
last model; the others are found by discovery, or by SPEECH_PREDICTOR_URL_TEMPLATE or _URLS.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import ValidationError

from contract.catalog import Catalog
from contract.errors import SpeechError
from contract.toolchains import TOOLCHAINS
from transformer.engine import ToolchainEngine
from transformer.settings import Settings
from transport import logs, tracing
from transport.client.connection import ConnectionSettings, HttpConnection
from transport.discovery.discovery import Discovery
from transport.discovery.settings import DiscoverySettings
from transport.kserve.server import SpeechServer
from transport.program import enable_garbage_collection, port, settings_errors


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; requests in flight are finished. Returns the exit code."""
    parser = _parser()
    arguments, _ = parser.parse_known_args(argv)  # KServe appends flags of its own SDK
    try:
        settings, connection = Settings(), ConnectionSettings()
        tracing.configure("harmony-speech-transformer")
        discovery = Discovery(DiscoverySettings(), arguments.config)
        if arguments.predictor_host:
            connection = _with_own_predictor(
                connection, discovery.catalog, arguments.toolchain, arguments.predictor_host
            )
    except SpeechError as error:
        parser.error(error.message)
    except ValidationError as exc:
        parser.error(settings_errors(exc))
    logs.configure(settings.log_level)
    serve(arguments, settings, connection, discovery)
    return 0


def serve(
    arguments: argparse.Namespace,
    settings: Settings,
    connection: ConnectionSettings,
    discovery: Discovery,
) -> None:
    catalog = discovery.catalog
    link = HttpConnection(connection, catalog)
    engine = ToolchainEngine(
        arguments.toolchain,
        link.client,
        lambda: catalog.current,
        max_requests=settings.max_requests,
        splitting=settings.splitting,
    )
    server = SpeechServer(
        [engine],
        settings,
        http_port=arguments.http_port,
        grpc_port=arguments.grpc_port,
        lifespan=_lifespan(discovery, link),
    )
    enable_garbage_collection()
    server.start([])


@asynccontextmanager
async def _lifespan(discovery: Discovery, link: HttpConnection) -> AsyncIterator[None]:
    async with discovery, link:
        yield


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m transformer", description="Serve a toolchain by KServe V1 and V2."
    )
    parser.add_argument("--toolchain", required=True, choices=sorted(TOOLCHAINS))
    parser.add_argument("--config", type=Path, required=True, help="which predictors exist (YAML)")
    parser.add_argument("--predictor_host", help="where the toolchain's own predictor answers")
    parser.add_argument("--http_port", type=port, default=8080)
    parser.add_argument("--grpc_port", type=port, default=8081)
    return parser


def _with_own_predictor(
    connection: ConnectionSettings, catalog: Catalog, toolchain: str, host: str
) -> ConnectionSettings:
    """The predictor behind this transformer is the toolchain's last model, whatever its name."""
    last = catalog.current.pick((TOOLCHAINS[toolchain].last_model_type,))
    url = host if "://" in host else f"http://{host}"
    urls = {last.name: url, **connection.predictor_urls}
    return connection.model_copy(update={"predictor_urls": urls})
