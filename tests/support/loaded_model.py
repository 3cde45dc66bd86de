"""A model type, configured and loaded, and its answer to a single request."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from contract.config import ModelConfig
from contract.errors import InvalidRequest
from contract.tasks import TaskOutput
from predictors.runtime.model import ModelType
from predictors.runtime.weights.store import WeightStore

K = TypeVar("K", bound=ModelType[Any, Any])
Out = TypeVar("Out", bound=TaskOutput)


def loaded(
    kind: type[K], model: Path | str, *, store: WeightStore | None = None, **entry: Any
) -> K:
    """On the CPU unless the entry says otherwise."""
    settings = {"name": "it", "model": str(model), "model_type": kind.__name__} | entry
    config = ModelConfig(**{"device_config": {"device": "cpu"}} | settings)
    made = kind(config, (store or WeightStore()).holder())
    made.load()
    return made


def only(answers: Sequence[Any]) -> Any:
    (answer,) = answers
    return answer


def answered(model: ModelType[Any, Any], request: Any, kind: type[Out]) -> Out:
    """The output for a request that must succeed."""
    output = only(model.infer([request]))
    assert isinstance(output, kind), output
    return output


def refused(model: ModelType[Any, Any], request: Any) -> InvalidRequest:
    """The error for a request that must not."""
    answer = only(model.infer([request]))
    assert isinstance(answer, InvalidRequest), answer
    return answer
