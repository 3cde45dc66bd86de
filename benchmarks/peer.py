"""Any server that speaks OpenAI's audio API, beside ours: the same texts and clips to both, in
turns.

Start the peer with two threads and the weights of ours (config.yml's piper-en and whisper-tiny-en),
and say where it is: --peer_url, --peer_voice, --peer_whisper; its models by the names that it gives
them. What it can't do is left out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

import httpx

from benchmarks import material
from benchmarks.figures import Line, compared
from benchmarks.interleaved import metered, take_turns
from benchmarks.setup import CLIENTS, Missing, Setup, first_sound_s, served, speak, transcribe
from ingress.text.sentences import split
from predictors.models.piper.model import PiperOptions
from transport.decoding.reading import decode

_AHEAD = 1.0


class _Side(NamedTuple):
    http: httpx.Client
    voice: str | None
    whisper: str | None
    pause_s: float
    """Silence after a sentence, which is no speech."""


def run(setup: Setup) -> Iterator[Line]:
    peer = setup.peer
    if peer is None:
        raise Missing("say where the other server is: --peer_url http://127.0.0.1:8001")
    with (
        served(setup) as (_, http),
        httpx.Client(base_url=peer.url, timeout=600, trust_env=False) as other,
    ):
        pause_s = PiperOptions().sentence_silence_s
        sides = {
            "ours": _Side(http, material.VOICE, material.WHISPER, pause_s),
            "peer": _Side(other, peer.voice, peer.whisper, 0.0),
        }
        if peer.voice:
            for text in material.TEXTS:
                yield from _spoken(setup, sides, text)
            yield _first_byte(setup, sides)
        if peer.whisper:
            yield from _transcribed(setup, sides)


def _spoken(setup: Setup, sides: Mapping[str, _Side], text: str) -> Iterator[Line]:
    for file_format in ("wav", "mp3"):
        works = {name: partial(_speech_s, side, text, file_format) for name, side in sides.items()}
        yield from _at_once(setup, works, f"{len(text)} characters, {file_format}", "s/s")


def _speech_s(side: _Side, text: str, file_format: str) -> float:
    sound = speak(side.http, text, file_format, model=side.voice or "")
    audio = decode(sound, max_bytes=1 << 24, max_seconds=600)
    return audio.duration_s - side.pause_s * len(split(text, "en"))


def _transcribed(setup: Setup, sides: Mapping[str, _Side]) -> Iterator[Line]:
    for case, file in material.clips().items():
        works = {name: partial(_one_clip, side, file) for name, side in sides.items()}
        yield from _at_once(setup, works, case, "clips/s")


def _one_clip(side: _Side, file: bytes) -> float:
    transcribe(side.http, side.whisper or "", file)
    return 1.0


def _at_once(
    setup: Setup, works: Mapping[str, Callable[[], float]], case: str, unit: str
) -> Iterator[Line]:
    """What one client gets done in a second, and many together."""
    for clients in (1, CLIENTS):
        ways = {
            name: metered(work, time.process_time, clients=clients) for name, work in works.items()
        }
        for work in works.values():
            work()
        found = take_turns(ways, setup.rounds)
        rates = {name: [one.done / one.seconds for one in found[name]] for name in works}
        at_once = case if clients == 1 else f"{case}, {clients} clients"
        yield compared(
            at_once, unit, rates["ours"], rates["peer"], limit=_AHEAD, more_is_better=True
        )


def _first_byte(setup: Setup, sides: Mapping[str, _Side]) -> Line:
    ways = {
        name: partial(first_sound_s, side.http, material.TEN_SENTENCES, "wav", side.voice or "")
        for name, side in sides.items()
    }
    found = take_turns(ways, setup.rounds)
    return compared(
        "first byte of ten sentences, wav", "ms", *found.values(), limit=_AHEAD, scale=1000
    )
