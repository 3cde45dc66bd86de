"""A synthesizer that a test steers: it says what it was given, waits at a gate, fails on cue."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.runtime.model import Model, ModelSpec, More, Prepared, Unit, Weights

WARM_UP = "warm up"


def nothing(_: Any) -> None:
    """What a script does where a test says nothing else."""


@dataclass
class Script:
    """What a ScriptedModel does, and what was done to it. Set `gate` to let batches through."""

    before_answers: Callable[[Sequence[str]], None] = nothing
    """Called in the device's thread with every batch but the warm-up; may block or raise."""
    on_prepare: Callable[[SynthesizeInput], None] = nothing
    """Called in the pool; may block or raise."""
    on_finish: Callable[[Sequence[int]], None] = nothing
    result: Callable[[str], int | More] = len
    """What a pass makes of a unit."""
    on_load: Callable[[], None] = lambda: None
    on_warm_up: Callable[[], None] = lambda: None
    max_batch_cost: float = float("inf")
    concurrent_passes: int = 1
    footprint_bytes: int = 0
    share_key: Hashable = None
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released each time a batch arrives in the device's thread."""
    batches: list[list[str]] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    loads: int = 0
    unloads: int = 0
    threads: set[str] = field(default_factory=set)
    """Names of the threads that run() ran in."""
    trimmed_in: list[str] = field(default_factory=list)
    """Names of the threads that trim_memory() ran in, once for each call."""
    weights: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()

    def note_unload(self) -> None:
        self.unloads += 1


def scripted(script: Script) -> type[Model[SynthesizeInput, AudioOutput]]:
    """A model type that follows the script. Its sound is as many samples as the text has letters.

    A text `key:...` has that batch key. A text is one unit, or with `|` in it one for each part;
    a unit costs its letters. A text that begins with `alone` shares no pass.
    """

    class ScriptedModel(Model[SynthesizeInput, AudioOutput]):
        spec = ModelSpec(Task.SYNTHESIZE)
        max_batch_cost = script.max_batch_cost
        is_padded = False
        concurrent_passes = script.concurrent_passes

        @classmethod
        def load(cls, config: ModelConfig, weights: Weights) -> Self:
            script.loads += 1
            script.on_load()
            if script.share_key is not None:
                script.weights.append(weights.share(script.share_key, object))
            made = cls()
            made.size_bytes = script.footprint_bytes
            weakref.finalize(made, script.note_unload)
            return made

        def prepare(self, request: SynthesizeInput) -> Prepared[None]:
            script.prepared.append(request.text)
            script.on_prepare(request)
            key, has_key, _ = request.text.partition(":")
            parts = request.text.split("|")
            is_alone = request.text.startswith("alone")
            return Prepared(
                [Unit(one, len(one), key if has_key else "", is_alone) for one in parts], None
            )

        def run(self, batch: Sequence[str]) -> Sequence[int | More]:
            if batch[0] == WARM_UP:
                script.on_warm_up()
                return [len(text) for text in batch]
            script.threads.add(threading.current_thread().name)
            script.batches.append(list(batch))
            script.started.release()
            assert script.gate.wait(20), "the test never opened the gate"
            script.before_answers(batch)
            return [script.result(text) for text in batch]

        def finish(self, prepared: Prepared[None], results: Sequence[int]) -> AudioOutput:
            script.on_finish(results)
            return AudioOutput(Audio(np.ones(sum(results), np.float32), 16_000))

        def warm_up_request(self) -> SynthesizeInput:
            return SynthesizeInput(WARM_UP)

        def trim_memory(self) -> None:
            script.trimmed_in.append(threading.current_thread().name)

    return ScriptedModel


def again(text: str) -> More:
    """The unit once more, as two units that hold its letters."""
    return More([Unit(text[:1], 1.0), Unit(text[1:], len(text) - 1.0)])
