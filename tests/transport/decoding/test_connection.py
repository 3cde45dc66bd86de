"""A decoder that a file has taken over can spoil that file's answer and nothing else."""

from __future__ import annotations

import math
import socket

import numpy as np
import pytest

from transport.decoding.connection import DecoderConnection, DecoderDied
from transport.decoding.protocol import (
    ACCEPTED,
    DONE,
    JOB_BYTES,
    MAX_REPLY_BYTES,
    READY,
    REASONS,
    REFUSED,
    REPLY,
    SAMPLES,
    Job,
)
from transport.decoding.refusals import AudioRefused, Reason

FILE = b"a file"
JOB = Job(
    file_bytes=len(FILE), max_seconds=1.0, max_samples=1 << 20, sample_rate=16_000, cpu_s=1,
    memory_bytes=1 << 20,
)  # fmt: skip


async def answer_to(*replies: bytes) -> np.ndarray:
    """What the server makes of these bytes; the decoder hangs up after them."""
    ours, theirs = socket.socketpair()
    connection = DecoderConnection(ours)
    theirs.sendall(REPLY.pack(READY, 0, 0) + b"".join(replies))
    theirs.shutdown(socket.SHUT_WR)
    try:
        audio = await connection.decode(JOB, FILE)
        assert theirs.recv(100) == JOB.pack() + FILE
        return audio.samples
    finally:
        connection.close()
        theirs.close()


def said(kind: int, number: int = 0, value: float = 0.0) -> bytes:
    return REPLY.pack(kind, number, value)


def sound(seconds: float, rate: float = 16_000) -> bytes:
    """Samples of silence, in as many replies as it takes."""
    data = bytes(4 * round(seconds * 16_000))
    parts = [data[at : at + MAX_REPLY_BYTES] for at in range(0, len(data), MAX_REPLY_BYTES)]
    return b"".join(said(SAMPLES, len(part), rate) + part for part in parts)


async def test_an_honest_answer() -> None:
    samples = await answer_to(said(ACCEPTED), sound(0.5), sound(0.25), said(DONE))
    assert samples.dtype == np.float32
    assert len(samples) == 12_000
    assert len(JOB.pack()) == JOB_BYTES


LIES = {
    "nothing": b"",
    "half a reply": said(SAMPLES, 4, 16_000)[:5],
    "half the samples": said(SAMPLES, 400, 16_000) + bytes(100),
    "no samples": said(DONE),
    "gigabytes": said(SAMPLES, 0xFFFFFFFF, 16_000),
    "samples of no length": said(SAMPLES, 0, 16_000),
    "half a sample": said(SAMPLES, 6, 16_000) + bytes(6),
    "a longer sound than was allowed": sound(2.5),
    "another rate than was asked for": sound(0.1, 8_000),
    "no rate": sound(0.1, 0),
    "a rate that is no number": sound(0.1, math.nan),
    "an endless rate": sound(0.1, math.inf),
    "an unknown word": said(77),
    "an unknown reason": said(REFUSED, len(REASONS)),
    "accepted twice": said(ACCEPTED),
    "ready again": said(READY),
}


@pytest.mark.parametrize("name", LIES)
async def test_no_lie_is_believed(name: str) -> None:
    with pytest.raises(DecoderDied) as died:
        await answer_to(said(ACCEPTED), LIES[name], said(DONE))
    assert died.value.has_file


async def test_samples_before_the_file_was_taken_are_no_answer() -> None:
    with pytest.raises(DecoderDied) as died:
        await answer_to(sound(0.1), said(DONE))
    assert not died.value.has_file


@pytest.mark.parametrize("reason", Reason)
async def test_a_refusal_comes_in_our_words(reason: Reason) -> None:
    with pytest.raises(AudioRefused) as refused:
        await answer_to(said(ACCEPTED), said(REFUSED, REASONS.index(reason), 17))
    error = refused.value.error("input_audio", JOB.limits)
    assert error.status in (400, 413)
    assert error.param == "input_audio"
    assert error.message.startswith("input_audio ")
    assert len(error.message) < 200
