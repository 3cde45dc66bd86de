"""Conversations with known turns: real voices and spoken ones, cut into sentences and mixed.

Always there: Kennedy's recording and the Piper voice joe. Further real voices come from example
recordings of two packages, where they are installed (pip install --no-deps f5-tts pyannote.audio),
and spoken ones from Kokoro, where SPEECH_BENCH_KOKORO is the `model` of a KokoroSynthesizer. Any
other people's: SPEECH_BENCH_PEOPLE is a folder with a folder of recordings for each, as LibriSpeech
has them. Voices with which the clustering was tuned are left out; leave 1688, 1998, 2033, 2414 and
2609 of LibriSpeech's test-other out too (docs/decisions/0020-diarization.md).
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import material
from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.tasks import (
    AudioOutput,
    DetectSpeechInput,
    DetectSpeechOutput,
    FloatArray,
    SynthesizeInput,
)
from predictors.models.silero.model import SileroVAD
from predictors.runtime.direct import answers
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore
from transport.decoding.reading import decode

RATE = material.RATE
Turn = tuple[str, float, float]
"""Speaker, start and end in seconds."""
KOKORO_VOICES = ("af_nova", "am_eric", "bf_alice", "bm_lewis")
_SENTENCES = (
    "I think we should begin with the budget for next year.",
    "Yes, exactly.",
    "That sounds reasonable to me, but what about the cost of the new building?",
    "Let me look at the numbers again before we decide anything.",
    "The weather was terrible all week, so the delivery came three days late.",
    "Could you repeat that, please?",
    "Fine, let us move on to the next point on the list.",
)
_F5 = {
    "english": "f5_tts/infer/examples/basic/basic_ref_en.wav",
    "chinese": "f5_tts/infer/examples/basic/basic_ref_zh.wav",
}
_TELEPHONE = "pyannote/audio/sample/sample"
_LOUDNESS = 0.06
_RECORDINGS = 5
"""Of each person; more would only take time."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversation:
    audio: Audio
    turns: tuple[Turn, ...]


def voices() -> dict[str, list[FloatArray]]:
    """Sentences [n] at RATE of every voice that is installed, equally loud."""
    found = {"kennedy": _sentences(material.RECORDING)}
    found["joe"] = _spoken(ModelConfig.model_validate(material.entry(material.VOICE)), None)
    for name, path in _F5.items():
        if file := _packaged(path):
            found[name] = _sentences(file)
    if folder := os.environ.get("SPEECH_BENCH_PEOPLE"):
        found |= {person.name: _recorded(person) for person in sorted(Path(folder).iterdir())}
    if model := os.environ.get("SPEECH_BENCH_KOKORO"):
        entry = ModelConfig(name="kokoro", model=model, model_type="KokoroSynthesizer")
        found |= {name: _spoken(entry, name) for name in KOKORO_VOICES}
    return found


def telephone() -> Conversation | None:
    """Half a minute of two people on the telephone, with the turns that its authors published."""
    sound, notes = _packaged(f"{_TELEPHONE}.wav"), _packaged(f"{_TELEPHONE}.rttm")
    if not sound or not notes:
        return None
    lines = [line.split() for line in notes.read_text().splitlines()]
    turns = tuple((one[7], float(one[3]), float(one[3]) + float(one[4])) for one in lines)
    return Conversation(_decoded(sound), turns)


def mixed(
    people: Mapping[str, Sequence[FloatArray]],
    *,
    seed: int,
    turns: int,
    pauses_s: tuple[float, float],
) -> Conversation:
    """Sentences in turns; pauses below zero are two voices at once."""
    chance = random.Random(seed)
    left = {name: chance.sample(list(own), len(own)) for name, own in sorted(people.items())}
    sound, said, last = np.zeros(RATE // 3, np.float32), [], ""
    for _ in range(turns):
        able = [name for name in left if left[name] and name != last]
        if not able:
            break
        last = chance.choice(able)
        clip = left[last].pop()
        start = max(0, len(sound) + round(chance.uniform(*pauses_s) * RATE))
        sound = np.pad(sound, (0, max(0, start + len(clip) - len(sound))))
        sound[start : start + len(clip)] += clip
        said.append((last, start / RATE, (start + len(clip)) / RATE))
    hiss = np.random.default_rng(seed).normal(0, 0.0007, len(sound) + RATE // 2)
    hiss[: len(sound)] += sound
    return Conversation(Audio(hiss.astype(np.float32), RATE), tuple(said))


def _packaged(path: str) -> Path | None:
    """A file inside an installed package, without importing it."""
    places = (Path(place) / path for place in sys.path)
    return next((file for file in places if file.exists()), None)


def _decoded(file: Path) -> Audio:
    return resample(decode(file.read_bytes(), max_bytes=1 << 24, max_seconds=60), RATE)


def _sentences(file: Path) -> list[FloatArray]:
    """A recording cut at its pauses into stretches of about three seconds."""
    audio = _decoded(file)
    detector = SileroVAD.load(
        ModelConfig(name="vad", model="silero-vad", model_type="SileroVAD"), WeightStore().holder()
    )
    (found,) = answers(detector, [DetectSpeechInput(audio, min_silence_duration_ms=150)])
    assert isinstance(found, DetectSpeechOutput)
    return list(_stretches(audio.samples, [(s.start_s, s.end_s) for s in found.segments]))


def _recorded(person: Path) -> list[FloatArray]:
    """Of a few recordings, in the order of their names."""
    files = sorted(person.iterdir())[:_RECORDINGS]
    return [one for file in files for one in _sentences(file)]


def _stretches(samples: FloatArray, speech: Sequence[tuple[float, float]]) -> Iterator[FloatArray]:
    start_s, end_s = speech[0]
    for begins_s, ends_s in speech[1:]:
        if ends_s - start_s > 3.5:
            yield _trimmed(samples[round(start_s * RATE) : round(end_s * RATE)])
            start_s = begins_s
        end_s = ends_s
    yield _trimmed(samples[round(start_s * RATE) : round(end_s * RATE)])


def _spoken(entry: ModelConfig, voice: str | None) -> list[FloatArray]:
    model = model_type_class(entry.model_type).load(entry, WeightStore().holder())
    made = answers(model, [SynthesizeInput(text, voice=voice) for text in _SENTENCES])
    return [
        _trimmed(resample(one.audio, RATE).samples) for one in made if isinstance(one, AudioOutput)
    ]


def _trimmed(samples: FloatArray) -> FloatArray:
    """Without silence at its ends, and as loud as the rest."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    levels = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(levels > 0.02 * levels.max())
    own = samples[loud[0] * 320 : (loud[-1] + 1) * 320]
    return np.asarray(own / np.sqrt(np.mean(own**2)) * _LOUDNESS, np.float32)
