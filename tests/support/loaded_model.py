"""A model, configured and loaded, and its answers to requests without a server around it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from contract.config import ModelConfig
from contract.errors import InvalidRequest
from contract.tasks import TaskOutput
from predictors.runtime.direct import answers
from predictors.runtime.model import Model
from predictors.runtime.weights.store import WeightStore

K = TypeVar("K", bound=Model[Any, Any])
Out = TypeVar("Out", bound=TaskOutput)


def loaded(
    kind: type[K], model: Path | str, *, store: WeightStore | None = None, **entry: Any
) -> K:
    """On the CPU unless the entry says otherwise."""
    settings = {"name": "it", "model": str(model), "model_type": kind.__name__} | entry
    config = ModelConfig(**{"device_config": {"device": "cpu"}} | settings)
    return kind.load(config, (store or WeightStore()).holder())


def only(found: Sequence[Any]) -> Any:
    (answer,) = found
    return answer


def answered(model: Model[Any, Any], request: Any, kind: type[Out]) -> Out:
    """The output for a request that must succeed."""
    output = only(answers(model, [request]))
    assert isinstance(output, kind), output
    return output


def refused(model: Model[Any, Any], request: Any) -> InvalidRequest:
    """The error for a request that must not."""
    answer = only(answers(model, [request]))
    assert isinstance(answer, InvalidRequest), answer
    return answer
