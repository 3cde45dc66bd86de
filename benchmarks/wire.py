"""(h) What a value costs on its way: a result as a WAV file and between two rooms, and a reference
recording through a toolchain.

The same results as a model gave, without a socket: what is compared is our conversion against the
inference that came before it. Piper has real weights, the others made-up ones of the public sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, compared
from benchmarks.interleaved import seconds, take_turns
from benchmarks.one_model import REQUESTS
from benchmarks.server import THREADS
from benchmarks.setup import Setup
from contract.audio.codec import Audio, read_wav, undecoded, wav_bytes
from contract.base64_text import from_base64, to_base64
from contract.config import ModelConfig
from contract.tasks import AudioOutput, EmbedSpeakerInput, TaskOutput
from contract.wire.message import Message
from contract.wire.tensors import output_from_message, to_message
from predictors.runtime.direct import answers
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore
from transport.v2_body import message_from_body, request_body, response_body

_AIM = 0.03
_FORMS = {"binary": Message(wants_binary=True), "JSON": Message()}
"""Binary tensors are how rooms send to each other; JSON is what other V2 clients get."""
_REFERENCE_S, _REFERENCE_RATE = 30, 24_000


def run(setup: Setup) -> Iterator[Line]:
    import torch

    torch.set_num_threads(THREADS)
    yield from _reference(setup.rounds)
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
            limit=None if case.endswith("JSON") else _AIM,
            scale=1000,
        )


def _conversions(answer: TaskOutput) -> dict[str, Callable[[], object]]:
    ways: dict[str, Callable[[], object]] = {
        f"over the wire and back as {form}": partial(_there_and_back, answer, asked)
        for form, asked in _FORMS.items()
    }
    if isinstance(answer, AudioOutput):
        ways["to WAV"] = partial(wav_bytes, answer.audio)
    return ways


def _there_and_back(answer: TaskOutput, asked: Message) -> TaskOutput:
    """As a predictor writes it and the next room reads it."""
    body, size = response_body("model", to_message(answer), asked)
    message = message_from_body(body, None if size is None else str(size), "outputs")
    return output_from_message(type(answer), message)


# A reference through a room -------------------------------------------------------------------


def _reference(rounds: int) -> Iterator[Line]:
    """A transformer reads the recording of a request and sends it to two predictors."""
    noise = np.random.default_rng(0).normal(0, 0.1, _REFERENCE_S * _REFERENCE_RATE)
    file = wav_bytes(Audio(noise.astype(np.float32), _REFERENCE_RATE))
    ways = {
        "sent on as it came, in binary": seconds(partial(_sent_on, file)),
        "decoded and encoded again, in base64": seconds(partial(_encoded_again, file)),
    }
    found = take_turns(ways, rounds)
    ours, theirs = found.values()
    case = f"a reference of {_REFERENCE_S} s through a transformer to two predictors"
    yield compared(f"{case}, sent on against encoded again", "ms", ours, theirs, scale=1000)
    sizes = _sent_on(file), _encoded_again(file)
    yield Line(f"{case}, bytes", "bytes", *sizes, ratio=sizes[0] / sizes[1])


def _sent_on(file: bytes) -> int:
    """Bytes sent."""
    audio = undecoded(file)
    assert audio is not None
    return sum(len(request_body(to_message(EmbedSpeakerInput(audio)))[0]) for _ in range(2))


def _encoded_again(file: bytes) -> int:
    """As it was: JSON with base64 in, samples, JSON with base64 out. Bytes sent."""
    received = from_base64(to_base64(file), param="audio")
    audio = Audio(read_wav(received).samples, _REFERENCE_RATE)
    message = to_message(EmbedSpeakerInput(audio))
    return sum(len(response_body("", message, Message())[0]) for _ in range(2))
