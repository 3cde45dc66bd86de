"""(b) Texts through the ingress against Piper's own Python API, and (c) the first byte of a stream.

Piper draws the rhythm of every call anew, so the same text is now shorter, now longer: what is
compared is the time for a second of speech. Our pauses between sentences, which Piper's API does
not add, are not counted as speech.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

import httpx
import numpy as np
from piper import PiperVoice

from benchmarks import material
from benchmarks.figures import Line, compared
from benchmarks.interleaved import Way, per_second, seconds, take_turns
from benchmarks.setup import CLIENTS, Setup, served, speak
from contract.audio import decode
from ingress.sentences import split
from predictors.models.piper import PiperOptions
from predictors.weights_source import resolve

Speak = Callable[[str], float]
"""Speaks a text and returns how many seconds of speech it got."""

_OVERHEAD = 1.03
_FIRST_BYTE = 1.3
_EACH = 1  # requests of each of the clients in one round
_WAV_HEADER = 44


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (_, http):
        ways = _ways(http)
        for text in material.TEXTS:
            ways["direct"](text)  # ONNX Runtime plans its memory at the first run of a size
            yield from _one_by_one(setup, ways, text)
            yield from _together(setup, ways, text)
        yield from _first_byte(setup, http)


def _ways(http: httpx.Client) -> dict[str, Speak]:
    voice = _voice()
    pause_s = PiperOptions().sentence_silence_s

    def direct(text: str) -> float:
        return _spoken_s(voice, text)

    def through(file_format: str) -> Speak:
        def ours(text: str) -> float:
            sound = speak(http, text, file_format)
            audio = decode(sound, max_bytes=1 << 24, max_seconds=600)
            return audio.duration_s - pause_s * len(split(text, "en"))

        return ours

    return {"direct": direct, "wav": through("wav"), "mp3": through("mp3")}


def _voice() -> PiperVoice:
    return PiperVoice.load(resolve(material.entry(material.VOICE)["model"]))


def _spoken_s(voice: PiperVoice, text: str) -> float:
    """As a WAV file would hold it: 16-bit integers, joined."""
    pieces = [(chunk.audio_int16_array, chunk.sample_rate) for chunk in voice.synthesize(text)]
    return len(np.concatenate([samples for samples, _ in pieces])) / pieces[0][1]


def _one_by_one(setup: Setup, ways: Mapping[str, Speak], text: str) -> list[Line]:
    def each_second(call: Speak) -> Way:
        def measure() -> float:
            started = time.perf_counter()
            spoken_s = call(text)
            return (time.perf_counter() - started) / spoken_s

        return measure

    found = take_turns({way: each_second(call) for way, call in ways.items()}, setup.rounds)
    return [
        compared(
            f"{len(text)} characters, {way}",
            "ms/s",
            found[way],
            found["direct"],
            limit=_OVERHEAD if way == "wav" else None,
            scale=1000,
        )
        for way in ("wav", "mp3")
    ]


def _together(setup: Setup, ways: Mapping[str, Speak], text: str) -> list[Line]:
    found = take_turns(
        {
            way: per_second(lambda call=ways[way]: call(text), CLIENTS, _EACH)  # type: ignore[misc]
            for way in ("direct", "wav")
        },
        max(2, setup.rounds // 2),
    )
    case = f"{len(text)} characters, {CLIENTS} clients, wav"
    ours, theirs = found["wav"], found["direct"]
    return [compared(case, "s/s", ours, theirs, limit=1.0, more_is_better=True)]


def _first_byte(setup: Setup, http: httpx.Client) -> list[Line]:
    """The first sound of ten sentences against Piper speaking the first of them."""
    voice = _voice()
    first = split(material.TEN_SENTENCES, "en")[0]
    ways = {"direct": seconds(lambda: _spoken_s(voice, first))}
    ways |= {name: _until_sound(http, name) for name in ("wav", "mp3")}
    found = take_turns(ways, setup.rounds)
    return [
        compared(
            f"first byte of ten sentences, {name}",
            "ms",
            found[name],
            found["direct"],
            limit=_FIRST_BYTE,
            scale=1000,
        )
        for name in ("wav", "mp3")
    ]


def _until_sound(http: httpx.Client, file_format: str) -> Way:
    """Seconds until more than a header has come. The rest is read, so that the server is idle
    again for the next."""
    body = {
        "model": material.VOICE,
        "voice": "joe",
        "input": material.TEN_SENTENCES,
        "response_format": file_format,
    }

    def measure() -> float:
        started, received, first_s = time.perf_counter(), 0, 0.0
        with http.stream("POST", "/v1/audio/speech", json=body) as answer:
            for chunk in answer.raise_for_status().iter_bytes():
                received += len(chunk)
                if not first_s and received > _WAV_HEADER:
                    first_s = time.perf_counter() - started
        return first_s

    return measure
