"""Model types that still answer whole batches by themselves. Goes when the last one is ported."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, Generic, Self

from contract.config import ModelConfig
from contract.errors import SpeechError
from contract.tasks import Task
from predictors.runtime.model import In, Model, ModelSpec, Out, Prepared, Unit, Weights


class ModelType(ABC, Generic[In, Out]):
    task: ClassVar[Task]
    packages: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str | None] = None

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.weights = weights

    @abstractmethod
    def load(self) -> None: ...
    @abstractmethod
    def infer(self, batch: Sequence[In]) -> Sequence[Out | SpeechError]: ...
    def unload(self) -> None:
        """Nothing."""

    def check(self, request: In) -> None:
        """Anything goes."""

    def batch_key(self, request: In) -> Hashable:
        return ()

    @abstractmethod
    def cost(self, request: In) -> float: ...

    max_batch_cost: ClassVar[float] = float("inf")

    @abstractmethod
    def warm_up_request(self) -> In: ...
    def footprint_bytes(self) -> int:
        return 0


def adapted(kind: type[ModelType[Any, Any]]) -> type[Model[Any, Any]]:
    """The same model type in the form that the runtime knows."""

    options = next(
        value
        for name, value in vars(sys.modules[kind.__module__]).items()
        if name.endswith("Options")
    )

    class Adapted(Model[Any, Any]):
        spec = ModelSpec(
            kind.task,
            packages=kind.packages,
            extra=kind.extra or "",
            image=(kind.extra or "").partition(",")[0],
            options=options,
        )
        max_batch_cost = kind.max_batch_cost
        is_padded = False

        def __init__(self, old: ModelType[Any, Any]) -> None:
            self._old = old
            self.size_bytes = old.footprint_bytes()

        @classmethod
        def load(cls, config: ModelConfig, weights: Weights) -> Self:
            old = kind(config, weights)
            old.load()
            return cls(old)

        def prepare(self, request: Any) -> Prepared[None]:
            self._old.check(request)
            unit = Unit(request, self._old.cost(request), self._old.batch_key(request))
            return Prepared([unit], None)

        def run(self, batch: Sequence[Any]) -> Sequence[Any]:
            return self._old.infer(batch)

        def finish(self, prepared: Prepared[None], results: Sequence[Any]) -> Any:
            (answer,) = results
            if isinstance(answer, SpeechError):
                raise answer
            return answer

        def warm_up_request(self) -> Any:
            return self._old.warm_up_request()

    Adapted.__name__ = kind.__name__
    return Adapted
