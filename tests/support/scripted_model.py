"""A synthesizer that a test steers: it says what it was given, waits at a gate, fails on cue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.errors import SpeechError
from contract.tasks import AudioOutput, SynthesizeInput, Task
from predictors.runtime.model import ModelType, Weights

WARM_UP = "warm up"


def nothing(batch: Sequence[SynthesizeInput]) -> None:
    """The default of Script.before_answers."""


@dataclass
class Script:
    """What a ScriptedModel does, and what was done to it. Set `gate` to let batches through."""

    before_answers: Callable[[Sequence[SynthesizeInput]], None] = nothing
    """Called in the worker thread with every batch but the warm-up; may block or raise."""
    on_load: Callable[[], None] = lambda: None
    on_warm_up: Callable[[], None] = lambda: None
    max_batch_cost: float = float("inf")
    footprint_bytes: int = 0
    share_key: Hashable = None
    gate: threading.Event = field(default_factory=threading.Event)
    started: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Released each time a batch arrives in the worker thread."""
    batches: list[list[str]] = field(default_factory=list)
    loads: int = 0
    unloads: int = 0
    threads: set[str] = field(default_factory=set)
    """Names of the threads that infer() ran in."""
    weights: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()


def scripted(script: Script) -> type[ModelType[SynthesizeInput, AudioOutput]]:
    """A model type that follows the script. Its sound is as many samples as the text has letters.

    A text `key:...` has that batch key; the cost is the length of the text.
    """

    class ScriptedModel(ModelType[SynthesizeInput, AudioOutput]):
        task = Task.SYNTHESIZE
        max_batch_cost = script.max_batch_cost

        def __init__(self, config: ModelConfig, weights: Weights) -> None:
            super().__init__(config, weights)
            self.shared: object = None

        def load(self) -> None:
            script.loads += 1
            script.on_load()
            if script.share_key is not None:
                self.shared = self.weights.share(script.share_key, object)
                script.weights.append(self.shared)

        def unload(self) -> None:
            script.unloads += 1
            self.shared = None

        def infer(self, batch: Sequence[SynthesizeInput]) -> Sequence[AudioOutput | SpeechError]:
            if batch[0].text == WARM_UP:
                script.on_warm_up()
                return [_sound(request) for request in batch]
            script.threads.add(threading.current_thread().name)
            script.batches.append([request.text for request in batch])
            script.started.release()
            assert script.gate.wait(20), "the test never opened the gate"
            script.before_answers(batch)
            return [_sound(request) for request in batch]

        def batch_key(self, request: SynthesizeInput) -> Hashable:
            return request.text.split(":")[0] if ":" in request.text else ""

        def cost(self, request: SynthesizeInput) -> float:
            return float(len(request.text))

        def warm_up_request(self) -> SynthesizeInput:
            return SynthesizeInput(WARM_UP)

        def footprint_bytes(self) -> int:
            return script.footprint_bytes

    return ScriptedModel


def _sound(request: SynthesizeInput) -> AudioOutput:
    return AudioOutput(Audio(np.ones(len(request.text), np.float32), 16_000))
