"""(i) Noise taken out of speech: signal to noise before and after, and time for a second of audio.

Real weights: DeepFilterNet3. The speech is a Piper voice's, which has no noise of its own; the
noise is made from a seed: white, pink, brown, mains hum, and four voices at once. The figure is the
scale-invariant signal-to-noise ratio; "clean" is what is left of speech that had no noise.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks import material
from benchmarks.figures import Line
from benchmarks.setup import Setup
from contract.audio.codec import Audio, resample
from contract.config import ModelConfig, load_config
from contract.tasks import AudioOutput, FloatArray, RestoreAudioInput, SynthesizeInput
from predictors.runtime.direct import answers
from predictors.runtime.model import Model
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore

RATE = 48_000
_NOISES = ("white", "pink", "brown", "hum", "voices")
_LEVELS_DB = (0.0, 5.0, 10.0, 20.0)
_GAIN_AIM_DB = 3.0
_TIME_AIM = 0.2
_HUM_HZ = 50


def run(setup: Setup) -> Iterator[Line]:
    entries = {entry.name: entry for entry in load_config(material.CONFIG).model_configs}
    speech = _spoken(entries[material.VOICE])
    denoiser = _load(entries["deepfilternet"])
    took_s, heard_s = 0.0, 0.0
    for kind in _NOISES:
        for level_db in _LEVELS_DB:
            noisy = speech + _noise(kind, speech) * 10 ** (-level_db / 20)
            began = time.perf_counter()
            clean = _cleaned(denoiser, noisy)
            took_s, heard_s = took_s + time.perf_counter() - began, heard_s + len(speech) / RATE
            before, after = _ratio_db(speech, noisy), _ratio_db(speech, clean)
            case = f"{kind} at {level_db:.0f} dB: {before:.1f} dB before, gained"
            aim = _GAIN_AIM_DB if kind != "voices" else None
            yield Line(case, "dB", after - before, limit=aim, more_is_better=True)
    yield Line("clean", "dB", _ratio_db(speech, _cleaned(denoiser, speech)))
    yield Line("time for a second of audio", "s", took_s / heard_s, limit=_TIME_AIM)


def _load(entry: ModelConfig) -> Model[RestoreAudioInput, AudioOutput]:
    return model_type_class(entry.model_type).load(entry, WeightStore().holder())


def _spoken(entry: ModelConfig) -> FloatArray:
    voice = model_type_class(entry.model_type).load(entry, WeightStore().holder())
    (answer,) = answers(voice, [SynthesizeInput(material.TEN_SENTENCES)])
    assert isinstance(answer, AudioOutput)
    return 0.5 * resample(answer.audio, RATE).samples


def _cleaned(denoiser: Model[RestoreAudioInput, AudioOutput], samples: FloatArray) -> FloatArray:
    audio = Audio(samples.astype(np.float32), RATE)
    (answer,) = answers(denoiser, [RestoreAudioInput(audio)])
    assert isinstance(answer, AudioOutput)
    return answer.audio.samples


def _noise(kind: str, speech: FloatArray) -> FloatArray:
    """As loud as the speech."""
    count = len(speech)
    white = np.random.default_rng(1).standard_normal(count)
    if kind == "voices":
        noise = sum(np.roll(speech, round(count * part)) for part in (0.17, 0.37, 0.61, 0.83))
    elif kind == "hum":
        turns = np.arange(count) * _HUM_HZ / RATE
        noise = sum(np.sin(2 * np.pi * turns * one + one) / one for one in range(1, 20))
    else:
        steepness = {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind]
        bins = np.fft.rfft(white)
        bins /= np.maximum(np.arange(len(bins)), count * 20 // RATE) ** steepness
        noise = np.fft.irfft(bins, count)
    return (noise / noise.std() * speech.std()).astype(np.float32)


def _ratio_db(speech: FloatArray, heard: FloatArray) -> float:
    """Of the part of `heard` that is the speech at some level, to all the rest."""
    level = float(speech @ heard) / float(speech @ speech)
    rest = heard - level * speech
    return 10 * float(np.log10(level**2 * (speech @ speech) / (rest @ rest)))
