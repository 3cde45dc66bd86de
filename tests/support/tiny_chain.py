"""The model types of every toolchain, played by the tiny ones.

Run as a program, this file serves all of them from one process, under the names below:

    python tiny_chain.py HTTP_PORT GRPC_PORT
"""

from __future__ import annotations

import sys

from tiny_models import TINY_MODEL_TYPES

from contract.config import ModelConfig, ServiceConfig
from contract.model_types import MODEL_TYPE_TASKS
from contract.toolchains import TOOLCHAINS

LANGUAGES = {"MeloTTSSynthesizer": "EN", "OpenVoiceV1Synthesizer": "EN"}


def chain_config() -> ServiceConfig:
    """One entry per model type that a toolchain needs, named in kebab case after its type."""
    families = {
        model_type: spec.embedding_family
        for spec in TOOLCHAINS.values()
        for needs in spec.needs.values()
        for need in needs
        for model_type in need
    }
    return ServiceConfig(
        model_configs=tuple(_entry(name, family) for name, family in families.items())
    )


def _entry(model_type: str, family: str | None) -> ModelConfig:
    is_finder = model_type in ("FasterWhisper", "SileroVAD")
    return ModelConfig(
        name=model_type.lower(),
        model="tiny",
        model_type=model_type,
        language=LANGUAGES.get(model_type),
        voices=("default",) if model_type in LANGUAGES else (),
        options={} if family is None or is_finder else {"family": family},
    )


def main(http_port: int, grpc_port: int) -> None:
    from predictors.pool import ModelPool
    from predictors.server import serve_pool
    from predictors.settings import Settings

    pool = ModelPool(Settings())
    for entry in chain_config().model_configs:
        pool.add(entry, TINY_MODEL_TYPES[MODEL_TYPE_TASKS[entry.model_type]])
    serve_pool(pool, http_port=http_port, grpc_port=grpc_port)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
