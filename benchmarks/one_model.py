"""One model in a process of its own, to measure its memory. Used by benchmarks.networks.

A call is what the runtime makes of requests that come at once, front end included.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks import material
from benchmarks.figures import median
from benchmarks.interleaved import Way, take_turns
from benchmarks.server import THREADS
from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.embedding import HARMONYSPEECH, OPENVOICE_V2, Embedding
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechInput,
    EmbedSpeakerInput,
    RestoreAudioInput,
    RestoreInput,
    SynthesizeInput,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    TranscribeInput,
    VocodeInput,
)
from predictors.runtime.direct import answers
from predictors.runtime.model import Model
from predictors.runtime.openmp import set_openmp_passive
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore
from transport.decoding.reading import decode

BATCH = 8
SECONDS = 2.0
"""Of the recordings and mels that go in; what is spoken has its own length."""
_TORCH_FREE = (
    *("FasterWhisper", "SileroVAD", "PiperSynthesizer", "KokoroSynthesizer"),
    *("KittenTTSSynthesizer", "DeepFilterNet"),
)
_FRAMES_A_SECOND = {"HarmonySpeechSynthesizer": 80, "VoiceFixerVocoder": 100}


def main() -> None:
    """Measure the entry on standard input; the last line of the output is JSON."""
    set_openmp_passive()  # as our servers do, before a model library is imported
    entry = ModelConfig.model_validate_json(sys.stdin.read())
    started_s = [time.perf_counter()]
    if entry.model_type not in _TORCH_FREE:
        import torch

        torch.set_num_threads(THREADS)
    kind = model_type_class(entry.model_type)
    started_s.append(time.perf_counter())
    model = kind.load(entry, WeightStore().holder())
    started_s.append(time.perf_counter())
    answers(model, [model.warm_up_request()])
    started_s.append(time.perf_counter())
    report: dict[str, Any] = {
        "start_s": [after - before for before, after in pairwise(started_s)],
        "weights_mb": model.size_bytes / 2**20,
        "loaded_mb": _memory_mb("VmRSS"),
    }
    request = REQUESTS[entry.model_type]()
    cpu: dict[str, list[float]] = {"one": [], "eight": []}
    ways = {
        "one": _work(model, request, 1, cpu["one"]),
        "eight": _work(model, request, BATCH, cpu["eight"]),
    }
    ways["one"]()  # the first call of a size plans its memory
    cpu["one"].clear()
    found = report | take_turns(ways, int(sys.argv[1]))
    found["cpu"] = {name: median(figures) for name, figures in cpu.items()}
    found["peak_mb"] = _memory_mb("VmHWM")  # ru_maxrss begins with the parent's
    print(json.dumps(found))


def _work(model: Model[Any, Any], request: Any, count: int, cpu: list[float]) -> Way:
    """Seconds for a second of sound when `count` equal requests come at once.

    Processor seconds, which a busy machine stretches less, are added to `cpu`.
    """

    def measure() -> float:
        started, used = time.perf_counter(), time.process_time()
        found = answers(model, [request] * count)
        took_s, used_s = time.perf_counter() - started, time.process_time() - used
        sound_s = sum(_sound_s(model, request, answer) for answer in found)
        cpu.append(used_s / sound_s)
        return took_s / sound_s

    return measure


def _sound_s(model: Model[Any, Any], request: Any, answer: Any) -> float:
    """Length of what was spoken, else of what was heard. Raises the answer if it is an error."""
    if isinstance(answer, Exception):
        raise answer
    if isinstance(answer, AudioOutput):
        return answer.audio.duration_s
    if isinstance(answer, SynthesizeMelOutput):
        return answer.mel.shape[1] / _FRAMES_A_SECOND[type(model).__name__]
    heard: Audio = request.audio
    return heard.duration_s


def _memory_mb(kind: str) -> float:
    """VmRSS: resident now; VmHWM: the most that was."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(kind))


# What each is asked -------------------------------------------------------------------------


def recording() -> Audio:
    """The first seconds of the recording, at the rate of the models that speak."""
    data = material.RECORDING.read_bytes()
    speech = resample(decode(data, max_bytes=1 << 24, max_seconds=60), 22_050)
    return Audio(speech.samples[: round(SECONDS * speech.sample_rate)], speech.sample_rate)


def voice(family: str, dims: int) -> Embedding:
    return Embedding(family, np.full(dims, dims**-0.5, np.float32))


def _mel(bands: int, frames_a_second: int, low: float, high: float) -> np.ndarray[Any, Any]:
    random = np.random.default_rng(1961)
    shape = (bands, round(SECONDS * frames_a_second))
    return random.uniform(low, high, shape).astype(np.float32)


REQUESTS: Mapping[str, Callable[[], Any]] = {
    "FasterWhisper": lambda: TranscribeInput(recording()),
    "SileroVAD": lambda: DetectSpeechInput(recording()),
    "PiperSynthesizer": lambda: SynthesizeInput(material.SENTENCE),
    "KokoroSynthesizer": lambda: SynthesizeInput(material.SENTENCE),
    "KittenTTSSynthesizer": lambda: SynthesizeInput(material.SENTENCE),
    "DeepFilterNet": lambda: RestoreAudioInput(recording()),
    "HarmonySpeechEncoder": lambda: EmbedSpeakerInput(recording()),
    "HarmonySpeechSynthesizer": lambda: SynthesizeMelInput(
        material.SENTENCE, voice(HARMONYSPEECH, 768)
    ),
    "HarmonySpeechVocoder": lambda: VocodeInput(_mel(80, 80, -4, 4)),
    "OpenVoiceV1Synthesizer": lambda: SynthesizeInput(material.SENTENCE),
    "MeloTTSSynthesizer": lambda: SynthesizeInput(material.SENTENCE),
    "OpenVoiceV2ToneConverter": lambda: ConvertVoiceInput(recording(), voice(OPENVOICE_V2, 256)),
    "OpenVoiceV2ToneConverterEncoder": lambda: EmbedSpeakerInput(recording()),
    "VoiceFixerRestorer": lambda: RestoreInput(recording()),
    "VoiceFixerVocoder": lambda: VocodeInput(_mel(128, 100, 0, 1)),
}

if __name__ == "__main__":
    main()
