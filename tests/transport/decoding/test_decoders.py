"""No file that anybody sends ends the server, fills its memory or outlives its request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from contract.audio.codec import Audio, AudioFormat, encode
from contract.errors import InvalidAudio
from transport.decoding.decoders import Decoders
from transport.decoding.settings import DecodingSettings

DATA = Path(__file__).parents[2] / "data"
JFK = (DATA / "jfk.flac").read_bytes()


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders(DecodingSettings()) as made:
        yield made


def quiet(seconds: float, rate: int = 8_000, format: AudioFormat = AudioFormat.FLAC) -> bytes:
    return encode(Audio(np.zeros(round(seconds * rate), np.float32), rate), format)


async def check_works(decoders: Decoders) -> None:
    audio = await decoders.decode(JFK, param="file", sample_rate=16_000)
    assert audio.sample_rate == 16_000
    assert audio.duration_s == pytest.approx(11.0, abs=0.01)
    assert np.abs(audio.samples).max() > 0.1


async def test_a_recording_comes_back_whole(decoders: Decoders) -> None:
    audio = await decoders.decode(JFK, param="file")
    assert (audio.sample_rate, len(audio.samples)) == (44_100, 485_100)
    await check_works(decoders)


@pytest.mark.parametrize(("name", "channels"), [("16ch.opus", 16), ("segv.m4a", 25)])
async def test_more_channels_than_a_frame_has_planes_are_refused(
    decoders: Decoders, name: str, channels: int
) -> None:
    data = (DATA / "attack" / name).read_bytes()
    with pytest.raises(InvalidAudio, match=f"input_audio has {channels} channels; send 1 to 8"):
        await decoders.decode(data, param="input_audio")
    await check_works(decoders)
