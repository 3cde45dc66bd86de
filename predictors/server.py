"""The predictor's program: settings and config to models, models to a KServe server. READ FIRST.

python -m predictors --config config.yml --name whisper-base
python -m predictors --model_config '{"name": "vad", "model": "silero-vad", …}'
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from contract.config import InvalidConfig, ModelConfig, ServiceConfig, load_config, parse_config
from contract.errors import SpeechError
from predictors.runtime.heap import limit_heaps
from predictors.runtime.openmp import set_openmp_passive
from predictors.runtime.registry import ModelTypeSource, on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from predictors.runtime.telemetry import disable_telemetry
from transport import logs, tracing
from transport.program import enable_garbage_collection, port, settings_errors

ModelTypes = Callable[[str], ModelTypeSource]
"""Finds a model type by its name. Raises SpeechError."""


def main(argv: Sequence[str] | None = None, *, model_types: ModelTypes = on_first_use) -> int:
    """Serve until SIGTERM or SIGINT; requests in flight are finished. Returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        settings = Settings()
        tracing.configure("harmony-speech-predictor")
        config = _read_config(arguments)
        repository = ModelRepository(settings, memory_budget_mb=config.memory_budget_mb)
        for entry in _selected(config, arguments.names):
            repository.add(entry, model_types(entry.model_type))
    except SpeechError as error:
        parser.error(error.message)
    except ValidationError as exc:
        parser.error(settings_errors(exc))
    logs.configure(settings.log_level)
    set_openmp_passive()
    disable_telemetry()
    limit_heaps()
    repository.load_ahead()
    serve(repository, http_port=arguments.http_port, grpc_port=arguments.grpc_port)
    return 0


def serve(repository: ModelRepository, *, http_port: int, grpc_port: int) -> None:
    """Serve every model of the repository until SIGTERM or SIGINT."""
    # 0.3 s of imports, beside which a model may load.
    from transport.kserve.server import SpeechServer

    server = SpeechServer(
        repository.runners.values(),
        repository.settings,
        http_port=http_port,
        grpc_port=grpc_port,
        lifespan=repository.kept_ready(),
    )
    enable_garbage_collection()
    server.start([])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m predictors", description="Serve configured models by KServe V1 and V2."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--config", type=Path, help="configuration file (YAML)")
    source.add_argument(
        "--model_config", action="append", help="one entry of model_configs as JSON; repeatable"
    )
    parser.add_argument(
        "--name",
        action="append",
        dest="names",
        default=[],
        help="entry to serve; repeatable; without it all are served",
    )
    parser.add_argument("--http_port", type=port, default=8080)
    parser.add_argument("--grpc_port", type=port, default=8081)
    return parser


def _read_config(arguments: argparse.Namespace) -> ServiceConfig:
    if arguments.config is not None:
        return load_config(arguments.config)
    try:
        entries = [json.loads(text) for text in arguments.model_config]
    except ValueError as exc:
        raise InvalidConfig(f"--model_config is not JSON: {exc}") from exc
    return parse_config(json.dumps({"model_configs": entries}))


def _selected(config: ServiceConfig, names: Sequence[str]) -> tuple[ModelConfig, ...]:
    known = [entry.name for entry in config.model_configs]
    for name in names:
        if name not in known:
            raise InvalidConfig(f"--name {name} is not configured; known: {', '.join(known)}")
    return tuple(entry for entry in config.model_configs if not names or entry.name in names)
