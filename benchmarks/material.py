"""What is transcribed and spoken, and by which models: those of the repository's config.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from contract.audio.codec import Audio, resample, wav_bytes
from predictors.runtime.weights.source import resolve
from transport.decoding.reading import decode

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config.yml"
RECORDING = ROOT / "tests" / "data" / "jfk.flac"
RATE = 16_000

WHISPER, VOICE = "whisper-tiny-en", "piper-en"
FULL_WINDOW = "whisper-tiny-en-30s"
"""The same weights without our shorter encoder windows: what is left is overhead."""

SENTENCE = "The last ferry leaves at half past six"
TWO_SENTENCES = (
    "The last ferry leaves at half past six, so we should be at the pier a bit earlier. "
    "Bring a warm coat, for the wind on the water is colder than it looks from our kitchen windows."
)
STORY = (
    f"{TWO_SENTENCES} There is a small kitchen on the upper deck, where they serve soup, fresh "
    "bread and very strong tea to everybody who is brave enough to stand in the queue while the "
    "ship rolls. The crossing takes about two hours. On a clear day you can see the old lighthouse "
    "and, behind it, the hills where my grandmother kept her sheep. My uncle will meet us on the "
    "other side. He drives a red car that is older than I am, and he laughs so loudly "
    "that people turn around. We shall stay until Sunday evening, walk along the "
    "cliffs, and come home dry."
)
TEXTS = (SENTENCE, TWO_SENTENCES, STORY)
"""38, 177 and 711 characters: one sentence, two, seven."""

TEN_SENTENCES = (
    "The ferry leaves at half past seven. We should be at the pier a little earlier. "
    "Bring a warm coat and a pair of gloves. The wind on the water is colder than it looks. "
    "There is a small kitchen on the upper deck. They serve soup, bread and very strong tea. "
    "The crossing takes about two hours. On a clear day you can see the old lighthouse. "
    "My uncle will meet us on the other side. He has a red car and a loud laugh."
)


def speech(rate: int) -> NDArray[np.float32]:
    """The recording's samples at any rate."""
    audio = decode(RECORDING.read_bytes(), max_bytes=1 << 24, max_seconds=60)
    return resample(audio, rate).samples


def clips() -> dict[str, bytes]:
    """Files by name: four words, and a recording as it is."""
    start = wav_bytes(Audio(speech(RATE)[: 2 * RATE], RATE))
    return {"2 s clip": start, "11 s clip": RECORDING.read_bytes()}


def minute() -> bytes:
    """About 60 s: the long texts as Piper speaks them. No recording in a loop: faster-whisper takes
    words that repeat for a loop of its own, and decodes them again and again."""
    from piper import PiperVoice

    voice = PiperVoice.load(resolve(entry(VOICE)["model"]))
    spoken = list(voice.synthesize(f"{STORY} {TEN_SENTENCES}"))
    pause = np.zeros(spoken[0].sample_rate // 2, np.float32)
    parts = [part for chunk in spoken for part in (chunk.audio_float_array, pause)]
    sound = resample(Audio(np.concatenate(parts), spoken[0].sample_rate), RATE)
    return wav_bytes(Audio(sound.samples[: 60 * RATE], RATE))


def minutes(count: int) -> bytes:
    """That minute again and again: never twice in one window of Whisper's."""
    sound = decode(minute(), max_bytes=1 << 24, max_seconds=60)
    return wav_bytes(Audio(np.tile(sound.samples, count), sound.sample_rate))


def silence(seconds: float) -> bytes:
    return wav_bytes(Audio(np.zeros(round(seconds * RATE), np.float32), RATE))


def configuration() -> dict[str, Any]:
    """config.yml's own entries for the two models, and the one with full windows."""
    entries = {one["name"]: one for one in _entries()}
    full = entries[WHISPER] | {"name": FULL_WINDOW, "options": {"short_windows": False}}
    return {"model_configs": [entries[WHISPER], full, entries[VOICE]]}


def entry(name: str) -> dict[str, Any]:
    return next(one for one in _entries() if one["name"] == name)


def _entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))[
        "model_configs"
    ]
    return entries
