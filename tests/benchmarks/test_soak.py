"""The soak in short: every attack at once on the ingress, and innocents are answered."""

from __future__ import annotations

import asyncio

from fake_client import FakeClient
from http_threads import serving_limited
from ingress_app import make_app

from benchmarks import material
from benchmarks.attacks import Target, opus
from benchmarks.soak import soak
from transport.asgi.settings import ServerSettings
from transport.decoding.reading import decode


def test_innocents_are_answered_while_others_attack() -> None:
    models = FakeClient(hung=frozenset({"melo-en"}))
    speech = material.speech(48_000)
    settings = ServerSettings(grace_s=0, progress_timeout_s=5)
    with serving_limited(make_app(models), settings) as url:
        target = Target(
            url,
            transcriber="whisper",
            voice="piper",
            hung="melo-en",
            short_clip=material.clips()["2 s clip"],
            long_recording=opus(30, speech),
            short_frames=opus(30, speech, frame_ms=2.5),
            scale=0.25,
        )
        innocents = asyncio.run(soak(target, 15.0))
    assert (innocents.refused, innocents.failed) == (0, 0)
    assert set(innocents.seconds) == {"transcribe", "speak"}
    assert {"slow upload: cut off"} <= set(target.answers)


def test_material_is_as_long_as_is_said() -> None:
    speech = material.speech(48_000)
    for frame_ms in (20.0, 2.5):
        sound = decode(opus(22, speech, frame_ms=frame_ms), max_bytes=1 << 22, max_seconds=60)
        assert abs(sound.duration_s - 22) < 0.5
