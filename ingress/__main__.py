"""`python -m ingress`: the public door by itself; predictors and toolchains are elsewhere."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from contract.catalog import Catalog
from contract.config import InvalidConfig, load_config
from contract.connection import ConnectionSettings, http_client
from contract.logs import configure
from ingress.app import create_app
from ingress.settings import Settings


def main(
    config: Annotated[Path, typer.Option(help="Which models exist.")] = Path("config.yml"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8080,
) -> None:
    # uvicorn ends cleanly on SIGTERM and then raises it again: that is no failure.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(serve(Catalog(load_config(config)), host, port))
    except InvalidConfig as exc:
        raise SystemExit(f"{config.name}: {exc.message}") from exc
    except KeyboardInterrupt:
        return


async def serve(catalog: Catalog, host: str, port: int) -> None:
    """Serve until SIGTERM; requests in flight are finished."""
    settings = Settings()
    configure(settings.log_level)
    async with http_client(ConnectionSettings(), catalog) as client:
        app = create_app(settings, client, catalog)
        options = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=settings.grace_s,
        )
        await uvicorn.Server(options).serve()


if __name__ == "__main__":
    typer.run(main)
