"""What the author of a model type writes: load() and infer(). The Predictor does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from contract.config import ModelConfig
from contract.errors import SpeechError
from contract.tasks import Task, TaskInput, TaskOutput

In = TypeVar("In", bound=TaskInput[Any])
Out = TypeVar("Out", bound=TaskOutput)
W = TypeVar("W")


class Weights(Protocol):
    """Loaded weights, shared by every model type in the process that asks for the same key."""

    def share(self, key: Hashable, build: Callable[[], W]) -> W:
        """Return the object under `key`, building it once; kept while a model type holds it."""
        ...


class ModelType(ABC, Generic[In, Out]):
    """A kind of model. An instance is one configured model; it holds no state between requests.

    `load` and `infer` run in worker threads, never on the event loop, and never two at a time for
    one instance.
    """

    task: ClassVar[Task]
    packages: ClassVar[tuple[str, ...]] = ()
    """Importable packages that load() needs; `harmony models` tells which are missing."""
    extra: ClassVar[str | None] = None
    """The extra of this project that installs them."""

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        self.config = config
        self.weights = weights

    @abstractmethod
    def load(self) -> None:
        """Read weights into memory. Raises ModelFailed that names what is missing."""

    @abstractmethod
    def infer(self, batch: Sequence[In]) -> Sequence[Out | SpeechError]:
        """Answer every request of a batch, in order, in one forward pass.

        All requests of a batch have the same `batch_key`. A request that cannot be answered gets a
        SpeechError in its place; raising fails the whole batch.
        """

    def unload(self) -> None:  # most types have nothing beyond their attributes
        """Drop references to weights; load() must work again afterwards."""

    def check(self, request: In) -> None:  # most types accept what the task accepts
        """Refuse, before it queues, what this model cannot do. Raises InvalidRequest. Fast."""

    def batch_key(self, request: In) -> Hashable:
        """Requests with equal keys may share a forward pass."""
        return ()

    @abstractmethod
    def cost(self, request: In) -> float:
        """How much work a request is, in the task's own unit: seconds of audio or characters."""

    max_batch_cost: ClassVar[float] = float("inf")
    """Most cost in one forward pass; a single larger request still runs, alone."""

    @abstractmethod
    def warm_up_request(self) -> In:
        """A small request that touches every code path; run once before the model is ready."""

    def footprint_bytes(self) -> int:
        """Memory that unload() would free. 0 if unknown."""
        return 0
