"""(h) What a result costs on its way: as a WAV file, and as JSON between two rooms and back.

The same results as a model gave, without a socket: what is compared is our conversion against the
inference that came before it. Piper has real weights, the others made-up ones of the public sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, compared
from benchmarks.interleaved import seconds, take_turns
from benchmarks.one_model import REQUESTS
from benchmarks.server import THREADS
from benchmarks.setup import Setup
from contract.audio.codec import wav_bytes
from contract.config import ModelConfig
from contract.tasks import AudioOutput, TaskOutput
from contract.wire.tensors import (
    Arrays,
    message_from_json,
    output_from_message,
    response_to_json,
    to_message,
)
from predictors.runtime.direct import answers
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore

_AIM = 0.03
_ARRAYS: tuple[Arrays, ...] = ("npy", "fp32")
"""npy is how rooms ask for mels; fp32 is what other V2 clients get."""


def run(setup: Setup) -> Iterator[Line]:
    import torch

    torch.set_num_threads(THREADS)
    entries = real("PiperSynthesizer") | written(
        setup.folder / "wire", "harmonyspeech", "melo", "openvoice_v2"
    )
    for model_type in (
        "PiperSynthesizer",
        "MeloTTSSynthesizer",
        "OpenVoiceV2ToneConverter",
        "HarmonySpeechSynthesizer",
    ):
        yield from _measured(entries[model_type], setup.rounds)


def _measured(entry: ModelConfig, rounds: int) -> Iterator[Line]:
    model = model_type_class(entry.model_type).load(entry, WeightStore().holder())
    request = REQUESTS[entry.model_type]()
    (answer,) = answers(model, [request])
    if not isinstance(answer, TaskOutput):
        raise RuntimeError(f"{entry.model_type}: {answer}")
    ways = {"inference": seconds(lambda: answers(model, [request]))}
    ways |= {case: seconds(work) for case, work in _conversions(answer).items()}
    found = take_turns(ways, rounds)
    for case in [one for one in ways if one != "inference"]:
        yield compared(
            f"{entry.model_type}, {case}",
            "ms",
            found[case],
            found["inference"],
            limit=None if case.endswith("fp32") else _AIM,
            scale=1000,
        )


def _conversions(answer: TaskOutput) -> dict[str, Callable[[], object]]:
    if isinstance(answer, AudioOutput):
        return {
            "to WAV": partial(wav_bytes, answer.audio),
            "over the wire and back": partial(_there_and_back, answer, "npy"),
        }
    return {
        f"over the wire and back as {arrays}": partial(_there_and_back, answer, arrays)
        for arrays in _ARRAYS
    }


def _there_and_back(answer: TaskOutput, arrays: Arrays) -> TaskOutput:
    """As a predictor writes it and the next room reads it."""
    message = to_message(answer, arrays=arrays)
    body: dict[str, Any] = response_to_json("model", message, "id")
    received = json.loads(json.dumps(body).encode())
    return output_from_message(type(answer), message_from_json(received, "outputs"))
