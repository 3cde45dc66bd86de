"""(b) Texts through the ingress against Piper's own Python API, and (c) the first byte of a stream.

Piper draws the rhythm of every call anew, so the same text is now shorter, now longer: what is
compared is the time for a second of speech. Our pauses between sentences, which Piper's API does
not add, are not counted as speech.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import httpx
import numpy as np
from piper import PiperVoice

from benchmarks import material
from benchmarks.figures import Line, compared, costs, rates
from benchmarks.interleaved import metered, seconds, take_turns
from benchmarks.server import Server
from benchmarks.setup import CLIENTS, Setup, first_sound_s, served, speak
from ingress.text.sentences import split
from predictors.models.piper.model import PiperOptions
from predictors.runtime.weights.source import resolve
from transport.decoding.reading import decode


@dataclass(frozen=True, slots=True)
class SpeakingWay:
    """One way from a text to its sound, and the processor time used so far by who goes it."""

    speak: Callable[[str], float]
    """Returns how many seconds of speech it got."""
    processor_s: Callable[[], float]


_OVERHEAD = 1.03
_FIRST_BYTE = 1.3


def run(setup: Setup) -> Iterator[Line]:
    with served(setup) as (server, http):
        ways = _ways(server, http)
        for text in material.TEXTS:
            for way in ways.values():
                way.speak(text)  # ONNX Runtime plans its memory at the first run of a size
            yield from _one_by_one(setup, ways, text)
            yield from _together(setup, ways, text)
        yield from _first_byte(setup, http)


def _ways(server: Server, http: httpx.Client) -> dict[str, SpeakingWay]:
    voice = _voice()
    pause_s = PiperOptions().sentence_silence_s

    def through(file_format: str) -> SpeakingWay:
        def ours(text: str) -> float:
            sound = speak(http, text, file_format)
            audio = decode(sound, max_bytes=1 << 24, max_seconds=600)
            return audio.duration_s - pause_s * len(split(text, "en"))

        return SpeakingWay(ours, server.cpu_s)

    return {
        "direct": SpeakingWay(partial(_spoken_s, voice), time.process_time),
        "wav": through("wav"),
        "mp3": through("mp3"),
    }


def _voice() -> PiperVoice:
    return PiperVoice.load(resolve(material.entry(material.VOICE)["model"]))


def _spoken_s(voice: PiperVoice, text: str) -> float:
    """As a WAV file would hold it: 16-bit integers, joined."""
    pieces = [(chunk.audio_int16_array, chunk.sample_rate) for chunk in voice.synthesize(text)]
    return len(np.concatenate([samples for samples, _ in pieces])) / pieces[0][1]


def _one_by_one(setup: Setup, ways: Mapping[str, SpeakingWay], text: str) -> Iterator[Line]:
    found = take_turns(
        {key: metered(partial(way.speak, text), way.processor_s) for key, way in ways.items()},
        setup.rounds,
    )
    for key, limit in (("wav", _OVERHEAD), ("mp3", None)):
        case = f"{len(text)} characters, {key}"
        yield from costs(case, "ms/s", found[key], found["direct"], limit)


def _together(setup: Setup, ways: Mapping[str, SpeakingWay], text: str) -> Iterator[Line]:
    found = take_turns(
        {
            key: metered(partial(ways[key].speak, text), ways[key].processor_s, clients=CLIENTS)
            for key in ("direct", "wav")
        },
        max(2, setup.rounds // 2),
    )
    case = f"{len(text)} characters, {CLIENTS} clients, wav"
    yield from rates(case, "s/s", found["wav"], found["direct"], 1.0)


def _first_byte(setup: Setup, http: httpx.Client) -> list[Line]:
    """The first sound of ten sentences against Piper speaking the first of them."""
    voice = _voice()
    first = split(material.TEN_SENTENCES, "en")[0]
    ways = {"direct": seconds(lambda: _spoken_s(voice, first))}
    ways |= {
        name: partial(first_sound_s, http, material.TEN_SENTENCES, name) for name in ("wav", "mp3")
    }
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
