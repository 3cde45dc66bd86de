"""No file that anybody sends ends the server, fills its memory or outlives its request."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path

import av
import hostile_audio
import numpy as np
import pytest
from processes import cpu_seconds, memory_bytes, peak_memory_bytes, until
from prometheus_client import REGISTRY

from contract.audio.codec import Audio, wav_bytes
from contract.errors import (
    DeadlineExceeded,
    InvalidAudio,
    InvalidRequest,
    Overloaded,
    PayloadTooLarge,
)
from ingress.encoding import AudioFormat, encode
from transport.decoding.decoders import Decoders
from transport.decoding.refusals import AudioLimits
from transport.decoding.settings import DecodingSettings

DATA = Path(__file__).parents[2] / "data"
LIMITS = AudioLimits()
JFK = (DATA / "jfk.flac").read_bytes()
MEGABYTE = 1 << 20


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders(DecodingSettings()) as made:
        yield made


def noise(seconds: float, format: AudioFormat, rate: int = 16_000) -> bytes:
    samples = np.random.default_rng(5).uniform(-0.3, 0.3, round(seconds * rate))
    return encode(Audio(samples.astype(np.float32), rate), format)


@functools.cache
def hour_of_mp3() -> bytes:
    """Seconds of work: MP3 frames follow each other, so copies of a piece are an hour."""
    return 360 * noise(10.0, AudioFormat.MP3)


def exists(process_id: int) -> bool:
    return Path(f"/proc/{process_id}").exists()


async def check_works(decoders: Decoders) -> None:
    audio = await decoders.decode(JFK, param="file", limits=LIMITS, sample_rate=16_000)
    assert audio.sample_rate == 16_000
    assert audio.duration_s == pytest.approx(11.0, abs=0.01)
    assert np.abs(audio.samples).max() > 0.1


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# What comes back -----------------------------------------------------------------------------


async def test_a_recording_comes_back_whole(decoders: Decoders) -> None:
    audio = await decoders.decode(JFK, param="file", limits=LIMITS)
    assert (audio.sample_rate, len(audio.samples)) == (44_100, 485_100)
    await check_works(decoders)


async def test_wav_needs_no_process() -> None:
    sound = Audio(np.linspace(-0.5, 0.5, 48_000, dtype=np.float32), 16_000)
    decoders = Decoders(DecodingSettings())
    audio = await decoders.decode(wav_bytes(sound), param="file", limits=LIMITS)
    np.testing.assert_allclose(audio.samples, sound.samples, atol=1e-4)
    assert decoders.process_ids == []


async def test_decoders_are_reused(decoders: Decoders) -> None:
    before = set(decoders.process_ids)
    for _ in range(5):
        await check_works(decoders)
    assert set(decoders.process_ids) == before
    assert len(before) == DecodingSettings().decoders


async def test_many_at_once_get_each_their_own(decoders: Decoders) -> None:
    lengths = [0.5 + 0.25 * number for number in range(12)]
    files = [noise(seconds, AudioFormat.FLAC) for seconds in lengths]
    decoded = (decoders.decode(file, param="file", limits=LIMITS) for file in files)
    assert [audio.duration_s for audio in await asyncio.gather(*decoded)] == lengths


async def test_a_sound_that_is_too_long_is_refused_on_the_way(decoders: Decoders) -> None:
    file = encode(Audio(np.zeros(600 * 8_000, np.float32), 8_000), AudioFormat.FLAC)
    with pytest.raises(PayloadTooLarge, match="voice is longer than 30 seconds"):
        await decoders.decode(file, param="voice", limits=AudioLimits(max_seconds=30))
    with pytest.raises(PayloadTooLarge, match="voice holds more than 1000000 samples"):
        await decoders.decode(file, param="voice", limits=AudioLimits(max_samples=1_000_000))
    with pytest.raises(PayloadTooLarge, match="the most is 100"):
        await decoders.decode(file, param="voice", limits=AudioLimits(max_bytes=100))
    await check_works(decoders)


# Files that crash or grow --------------------------------------------------------------------


@pytest.mark.parametrize(("name", "channels"), [("16ch.opus", 16), ("segv.m4a", 25)])
async def test_more_channels_than_a_frame_has_planes_are_refused(
    decoders: Decoders, name: str, channels: int
) -> None:
    data = (DATA / "attack" / name).read_bytes()
    refused = counted("speech_audio_refused_total", reason="channels")
    with pytest.raises(InvalidAudio, match=f"input_audio has {channels} channels; send 1 to 8"):
        await decoders.decode(data, param="input_audio", limits=LIMITS)
    assert counted("speech_audio_refused_total", reason="channels") == refused + 1
    await check_works(decoders)


def surround(container: str, codec: str) -> bytes:
    """A second of noise from eight loudspeakers, as cinema programs write it."""
    noise = np.random.default_rng(5).uniform(-0.3, 0.3, 48_000).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        sound = out.add_stream(codec, rate=48_000, layout="7.1")
        frame = av.AudioFrame.from_ndarray(np.repeat(noise, 8).reshape(1, -1), "flt", "7.1")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
        out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "aac"), ("ogg", "libopus"), ("flac", "flac")]
)
async def test_as_many_channels_as_a_frame_has_planes_are_heard(
    decoders: Decoders, container: str, codec: str
) -> None:
    audio = await decoders.decode(surround(container, codec), param="file", limits=LIMITS)
    assert audio.duration_s == pytest.approx(1.0, abs=0.05)
    assert np.sqrt(np.mean(audio.samples**2)) > 0.05


BOMBS = {
    "index": lambda: hostile_audio.index_bomb(85_000_000),
    "index of eight tracks": lambda: hostile_audio.index_bomb(20_000_000, tracks=8),
    "two hundred tracks": lambda: hostile_audio.index_bomb(1, tracks=200),
    "compressed index": lambda: hostile_audio.compressed_index_bomb(256 * MEGABYTE),
    "compressed tag": lambda: hostile_audio.compressed_tag_bomb(256 * MEGABYTE, b""),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_what_a_file_claims_to_hold_is_not_allocated(decoders: Decoders, name: str) -> None:
    await asyncio.gather(check_works(decoders), check_works(decoders))
    file = BOMBS[name]()
    gc.collect()
    server = memory_bytes(os.getpid())
    idle = max(memory_bytes(one) for one in decoders.process_ids)
    with pytest.raises(InvalidRequest, match="^file "):
        await decoders.decode(file, param="file", limits=LIMITS)
    peaks = [peak_memory_bytes(one) for one in decoders.process_ids]
    assert max(peaks) < idle + (DecodingSettings().decoder_memory_mb + 16) * MEGABYTE
    assert memory_bytes(os.getpid()) < server + 16 * MEGABYTE
    await check_works(decoders)


async def test_a_tag_that_unpacks_to_much_does_not_hide_the_sound(decoders: Decoders) -> None:
    file = hostile_audio.compressed_tag_bomb(256 * MEGABYTE, noise(1.0, AudioFormat.MP3))
    audio = await decoders.decode(file, param="file", limits=LIMITS)
    assert audio.duration_s == pytest.approx(1.0, abs=0.1)


async def test_a_long_recording_fits_into_the_memory_allowed(decoders: Decoders) -> None:
    file = hour_of_mp3()
    file = file[: len(file) // 3]
    audio = await decoders.decode(file, param="file", limits=LIMITS)
    assert audio.duration_s == pytest.approx(1_200, rel=0.02)


# Decoders that end ---------------------------------------------------------------------------


async def test_a_decoder_that_dies_is_one_requests_400(
    decoders: Decoders, caplog: pytest.LogCaptureFixture
) -> None:
    """The neighbour that decodes beside it, and whoever comes next, notice nothing."""
    ended = counted("speech_decoder_ended_total", cause="SIGSEGV")
    before = set(decoders.process_ids)
    file = hour_of_mp3()
    victim = asyncio.ensure_future(decoders.decode(file, param="file", limits=LIMITS))
    busy = await until(lambda: [one for one in before if cpu_seconds(one) > 1.0])
    os.kill(busy[0], signal.SIGSEGV)
    neighbour = asyncio.ensure_future(check_works(decoders))
    with pytest.raises(InvalidAudio, match="file could not be decoded"):
        await victim
    await neighbour
    assert counted("speech_decoder_ended_total", cause="SIGSEGV") == ended + 1
    assert "a decoder ended (SIGSEGV)" in caplog.text
    assert set(decoders.process_ids) - before
    assert len(decoders.process_ids) == 2
    await asyncio.gather(check_works(decoders), check_works(decoders))


@pytest.mark.parametrize("is_noticed", [True, False])
async def test_decoders_that_die_while_idle_cost_nobody_an_answer(
    decoders: Decoders, is_noticed: bool
) -> None:
    await asyncio.gather(check_works(decoders), check_works(decoders))
    before = decoders.process_ids
    for one in before:
        os.kill(one, signal.SIGKILL)
    if is_noticed:
        await until(lambda: not set(before) & set(decoders.process_ids))
    await asyncio.gather(check_works(decoders), check_works(decoders))


async def test_a_decoder_that_hangs_is_killed_at_the_deadline(decoders: Decoders) -> None:
    await asyncio.gather(check_works(decoders), check_works(decoders))
    before = decoders.process_ids
    for one in before:
        os.kill(one, signal.SIGSTOP)
    started_s = time.monotonic()
    with pytest.raises(DeadlineExceeded, match="file was not decoded before"):
        await decoders.decode(JFK, param="file", limits=LIMITS, deadline_s=started_s + 0.5)
    assert time.monotonic() - started_s < 10
    assert len(set(before) & set(decoders.process_ids)) == 1
    for one in before:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)
    await check_works(decoders)


async def test_a_cancelled_request_takes_its_decoder_with_it(decoders: Decoders) -> None:
    before = set(decoders.process_ids)
    work = asyncio.ensure_future(decoders.decode(hour_of_mp3(), param="file", limits=LIMITS))
    busy = await until(lambda: [one for one in before if cpu_seconds(one) > 1.0])
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not exists(busy[0])
    assert busy[0] not in decoders.process_ids
    await check_works(decoders)


async def test_a_request_that_leaves_before_its_decoder_is_up_leaves_it_to_the_next() -> None:
    """Else short deadlines would keep killing decoders that are still starting."""
    async with Decoders(DecodingSettings(decoders=1)) as decoders:
        before = decoders.process_ids
        soon = time.monotonic() + 0.001
        with pytest.raises(DeadlineExceeded):
            await decoders.decode(JFK, param="file", limits=LIMITS, deadline_s=soon)
        assert decoders.process_ids == before
        await check_works(decoders)


async def test_processor_time_is_bounded() -> None:
    file = 4 * hour_of_mp3()  # a fast machine decodes an hour within the second
    long = AudioLimits(max_bytes=1 << 28, max_seconds=24 * 3600, max_samples=1 << 30)
    async with Decoders(DecodingSettings(decoders=1, decoder_cpu_s=1)) as decoders:
        with pytest.raises(InvalidAudio, match="in the time allowed"):
            await decoders.decode(file, param="file", limits=long)
        await check_works(decoders)
        await check_works(decoders)


async def test_few_may_wait() -> None:
    async with Decoders(DecodingSettings(decoders=1, max_waiting_files=2)) as decoders:
        asked = [decoders.decode(JFK, param="file", limits=LIMITS) for _ in range(8)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(answer, Audio) for answer in answers) == 3
        refused = [answer for answer in answers if isinstance(answer, Overloaded)]
        assert len(refused) == 5
        assert refused[0].retry_after_s
        await check_works(decoders)


async def test_files_that_wait_are_bounded_in_bytes() -> None:
    large = 30 * noise(10.0, AudioFormat.MP3)
    assert MEGABYTE < len(large) < 2 * MEGABYTE
    async with Decoders(DecodingSettings(decoders=1, max_waiting_mb=2)) as decoders:
        asked = [decoders.decode(large, param="file", limits=LIMITS) for _ in range(4)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in answers] == [Audio, Audio, Overloaded, Overloaded]


# What a decoder has --------------------------------------------------------------------------


async def test_a_decoder_has_no_secrets_and_no_descriptors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPEECH_API_KEYS", "sk-never-shown")
    async with Decoders(DecodingSettings(decoders=1)) as decoders:
        await check_works(decoders)
        process = Path(f"/proc/{decoders.process_ids[0]}")
        names = {
            entry.partition(b"=")[0] for entry in (process / "environ").read_bytes().split(b"\0")
        }
        assert names <= {
            b"PYTHONPATH",
            b"OPENBLAS_NUM_THREADS",
            b"MALLOC_ARENA_MAX",
            b"",
            b"LC_CTYPE",
        }
        links = [os.readlink(one) for one in (process / "fd").iterdir()]
        assert sum(link.startswith("socket:") for link in links) == 1
        assert all(link.startswith("socket:") or link == "/dev/null" for link in links)


KILLED_SERVER = """
import asyncio, os, signal
from transport.decoding.decoders import Decoders
from transport.decoding.settings import DecodingSettings

async def main():
    async with Decoders(DecodingSettings()) as decoders:
        print(*decoders.process_ids, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_decoders_end_with_a_server_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED_SERVER], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        ids = [int(one) for one in server.stdout.readline().split()]
        assert len(ids) == 2
        server.kill()
    asyncio.run(until(lambda: not any(exists(one) for one in ids)))
