"""A model asked in this thread, without a server around it: warm-up, tests, measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from contract.context import Priority
from contract.errors import SpeechError
from contract.tasks import TaskInput, TaskOutput
from predictors.runtime.device_loop import BatchLimit, DeviceLoop
from predictors.runtime.each_segment import by_segment
from predictors.runtime.model import Model, More, Prepared, Unit
from predictors.runtime.queue import Job, Outcome, UnitQueue
from predictors.runtime.weights.store import CorruptWeights

In = TypeVar("In", bound=TaskInput[Any])
Out = TypeVar("Out", bound=TaskOutput)

_MOST_UNITS = 256


def answers(
    model: Model[In, Out], requests: Sequence[In], *, most_units: int = _MOST_UNITS
) -> list[Out | SpeechError]:
    """One answer or error for each request, in passes as the scheduler would form them if all
    came at once. Raises CorruptWeights."""
    prepared = [_prepared(model, request) for request in requests]
    queue = UnitQueue(ageing_s=0.0)
    outcomes: list[Outcome] = [[] for _ in requests]
    for number, one in enumerate(prepared):
        if isinstance(one, Prepared):
            queue.put(_job(one, outcomes, number))
    DeviceLoop(type(model).__name__, model, queue, BatchLimit(most_units)).run()
    return [
        _finished(by_segment(model, request).finish, one, outcome)
        for request, one, outcome in zip(requests, prepared, outcomes, strict=True)
    ]


def _prepared(model: Model[In, Out], request: In) -> Prepared[Any] | SpeechError:
    try:
        return by_segment(model, request).prepare(request)
    except SpeechError as refusal:
        return refusal


def _job(prepared: Prepared[Any], outcomes: list[Outcome], number: int) -> Job:
    def end(outcome: Outcome) -> None:
        outcomes[number] = outcome

    def ignore() -> None:
        """Nobody waits for the start or for the room."""

    return Job(prepared.units, Priority.INTERACTIVE, on_start=ignore, on_end=end, on_left=ignore)


def _finished(
    finish: Callable[[Prepared[Any], Any], Out],
    prepared: Prepared[Any] | SpeechError,
    outcome: Outcome,
) -> Out | SpeechError:
    if isinstance(prepared, SpeechError):
        return prepared
    if isinstance(outcome, SpeechError):
        return outcome
    try:
        return finish(prepared, outcome)
    except CorruptWeights:
        raise
    except SpeechError as refusal:
        return refusal


def warm_up(model: Model[Any, Any]) -> None:
    """Have the model answer its own small request, unit by unit. Raises what goes wrong."""
    prepared = model.prepare_warm_up()
    model.finish(prepared, [result for unit in prepared.units for result in _alone(model, unit)])


def _alone(model: Model[Any, Any], unit: Unit[Any]) -> Iterator[Any]:
    (result,) = model.run([unit.work])
    if not isinstance(result, More):
        yield result
        return
    for part in result.units:
        yield from _alone(model, part)
