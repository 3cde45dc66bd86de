"""The model types of every toolchain, played by the tiny ones.

Run as a program, this file serves all of them from one process, under the names below or under
those of a configuration file, for example the one that the chart renders:

    python tiny_chain.py HTTP_PORT GRPC_PORT [CONFIG]
"""

from __future__ import annotations

import sys
from pathlib import Path

from tiny_models import TINY_MODEL_TYPES

from contract.config import ModelConfig, ServiceConfig, load_config
from contract.model_types import MODEL_TYPE_TASKS
from contract.toolchains import TOOLCHAINS

LANGUAGES = {"MeloTTSSynthesizer": "EN", "OpenVoiceV1Synthesizer": "EN"}
FINDERS = ("FasterWhisper", "SileroVAD")


def chain_config() -> ServiceConfig:
    """One entry per model type that a toolchain needs, named in kebab case after its type."""
    entries = tuple(
        ModelConfig(
            name=model_type.lower(),
            model="tiny",
            model_type=model_type,
            language=LANGUAGES.get(model_type),
            voices=("default",) if model_type in LANGUAGES else (),
        )
        for model_type in _families()
    )
    return with_families(ServiceConfig(model_configs=entries))


def with_families(config: ServiceConfig) -> ServiceConfig:
    """The same entries, each knowing whose embeddings it makes or takes."""
    families = _families()

    def with_family(entry: ModelConfig) -> ModelConfig:
        family = families.get(entry.model_type)
        return entry.model_copy(update={"options": {"family": family} if family else {}})

    entries = tuple(with_family(entry) for entry in config.model_configs)
    return config.model_copy(update={"model_configs": entries})


def _families() -> dict[str, str | None]:
    """Model types of the toolchains, and the family of the embeddings that each makes or takes."""
    return {
        model_type: name if "encoder" in spec.members and model_type not in FINDERS else None
        for name, spec in TOOLCHAINS.items()
        for model_types in spec.members.values()
        for model_type in model_types
        if model_type in MODEL_TYPE_TASKS
    }


def main(http_port: int, grpc_port: int, config: ServiceConfig) -> None:
    from predictors.runtime.repository import ModelRepository
    from predictors.runtime.settings import Settings
    from predictors.server import serve

    repository = ModelRepository(Settings())
    for entry in config.model_configs:
        repository.add(entry, TINY_MODEL_TYPES[MODEL_TYPE_TASKS[entry.model_type]])
    serve(repository, http_port=http_port, grpc_port=grpc_port)


if __name__ == "__main__":
    named = with_families(load_config(Path(sys.argv[3]))) if sys.argv[3:] else chain_config()
    main(int(sys.argv[1]), int(sys.argv[2]), named)
