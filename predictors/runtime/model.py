"""What the author of a model type writes: load, prepare, run, finish. The runtime does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from contract.config import ModelConfig
from contract.model_types import ModelType
from contract.tasks import TaskInput, TaskOutput
from predictors.runtime.options import NoOptions

In = TypeVar("In", bound=TaskInput[Any])
Out = TypeVar("Out", bound=TaskOutput)
T = TypeVar("T")


class Weights(Protocol):
    """Loaded weights, shared by every model in the process that asks for the same key."""

    def share(self, key: Hashable, build: Callable[[], T]) -> T:
        """Return the object under `key`, building it once; kept while a model holds it."""
        ...


@dataclass(frozen=True, slots=True)
class ModelSpec(ModelType):
    """The facts about a model type. Registry, docs and chart are printed from them."""

    cuda: bool = True
    """Whether the GPU image can run it on a GPU."""
    options: type[Any] = NoOptions
    """The dataclass that an entry's `options` are read into."""


@dataclass(frozen=True, slots=True, eq=False)
class Unit(Generic[T]):
    """One share of a request's work, a row of a forward pass: a chunk, a sentence, a window."""

    work: T
    """What run() is given."""
    cost: float
    """Its length, in a measure of the model's own: ids, frames, seconds."""
    key: Hashable = ()
    """Units with equal keys may share a pass."""
    is_alone: bool = False
    """Never shares a pass: its result does not depend on what else the model is asked."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[T]):
    """A request, ready for the device."""

    units: Sequence[Unit[Any]]
    """Without any, finish() follows at once."""
    context: T
    """What finish() needs beside the results."""


@dataclass(frozen=True, slots=True, eq=False)
class More:
    """Given back by run() for a unit that needs further passes: their results take its place."""

    units: Sequence[Unit[Any]]


class Model(ABC, Generic[In, Out]):
    """A loaded model. It never changes and keeps nothing of a request; to unload is to drop it.

    `load` has a thread of its own. `prepare` and `finish` run in a pool of threads, for several
    requests at once. `run` has the device's thread, where nothing else of the model runs; or
    `concurrent_passes` of them.
    """

    spec: ClassVar[ModelSpec]
    max_batch_cost: float = float("inf")
    """Most cost in one pass; a single larger unit still runs, alone."""
    is_padded: bool = True
    """A pass costs its longest unit's cost times their number; if False, the sum of their costs."""
    concurrent_passes: int = 1
    """Most calls of `run` at once, each in a thread of its own; above 1 it is thread-safe. A free
    thread takes the next units, so no pass waits for another."""
    size_bytes: int = 0
    """Memory that the weights take. 0 if unknown."""

    @classmethod
    @abstractmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        """Read weights into memory. Raises ModelFailed that names what is missing."""

    @abstractmethod
    def prepare(self, request: In) -> Prepared[Any]:
        """Everything before the device. Raises InvalidRequest for what this model cannot do."""

    @abstractmethod
    def run(self, batch: Sequence[Any]) -> Sequence[Any]:
        """One forward pass over the work of units with equal keys; a result, or More, for each.

        Results lie in main memory. Raising fails the batch; its units are then tried one by one.
        """

    @abstractmethod
    def finish(self, prepared: Prepared[Any], results: Sequence[Any]) -> Out:
        """The answer, from the results of all units in order. Raises SpeechError.

        Raises CorruptWeights when the results show that the weights in memory are damaged; the
        model is then loaded anew and the request is run once more.
        """

    @abstractmethod
    def warm_up_request(self) -> In:
        """A small request that touches every code path; answered before the model is ready."""

    def prepare_warm_up(self) -> Prepared[Any]:
        """The same, prepared. Overridden where a warm-up can be smaller than any request."""
        return self.prepare(self.warm_up_request())

    def trim_memory(self) -> None:
        """Give back what passes keep for each other. Called in the device's thread once nothing was
        asked for some seconds."""
