"""The decoders of one server: a few processes, reused, replaced when one ends. READ FIRST.

decoders = Decoders(settings)
async with decoders:
    audio = await decoders.decode(data, param="file", limits=AudioLimits(), deadline_s=...)
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Self

import anyio
import anyio.to_thread

from contract.audio.codec import Audio, read_audio
from contract.audio.decoding import check_size
from contract.audio.refusals import AudioLimits, AudioRefused, Reason
from contract.audio.wav import layout_of
from contract.errors import DeadlineExceeded, Overloaded, Unavailable
from transport.decoding import metrics
from transport.decoding.process import DecoderDied, DecoderProcess
from transport.decoding.protocol import Job
from transport.decoding.settings import DecodingSettings

logger = logging.getLogger(__name__)

MEGABYTE = 1 << 20
_STARTS = 2
_MOST_FILES = 1_000
"""After so many files a decoder is replaced: native libraries leak a little, and its limit counts
from what it took when it was new."""
_RETRY_AFTER_S = 1.0


class Decoders:
    """Decodes untrusted audio for the coroutines of one event loop at a time.

    Entered as a context, it starts all processes at once and ends them at the end; without that
    each is started when it is first needed. Plain WAV is read here, in a thread: it needs no
    native decoder, and bounded time.
    """

    def __init__(self, settings: DecodingSettings) -> None:
        self._settings = settings
        self._slots = anyio.CapacityLimiter(settings.decoders)
        self._threads = anyio.CapacityLimiter(settings.decoders)
        self._idle: list[DecoderProcess] = []
        self._alive: set[DecoderProcess] = set()
        self._waiting_files = self._waiting_bytes = 0
        self._end = weakref.finalize(self, _end, self._alive)

    async def __aenter__(self) -> Self:
        while len(self._alive) < self._settings.decoders:
            self._idle.append(self._new())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._idle.clear()
        await asyncio.gather(*(decoder.stop() for decoder in self._alive))
        self._alive.clear()

    @property
    def process_ids(self) -> list[int]:
        return [decoder.process_id for decoder in self._alive if decoder.is_alive]

    async def decode(
        self,
        data: bytes,
        *,
        param: str,
        limits: AudioLimits = AudioLimits(),  # noqa: B008  # frozen
        sample_rate: int | None = None,
        deadline_s: float | None = None,
    ) -> Audio:
        """A file of any kind, averaged to mono, at `sample_rate` or its own (at most 48 kHz).

        `deadline_s` is an instant of time.monotonic(). To cancel kills the decoder at once. Raises
        InvalidAudio and PayloadTooLarge that name `param`, Overloaded, DeadlineExceeded, and
        Unavailable when no decoder can be started.
        """
        remaining_s = None if deadline_s is None else deadline_s - time.monotonic()
        try:
            async with asyncio.timeout(remaining_s):
                return await self._decode(data, limits, sample_rate)
        except AudioRefused as refused:
            metrics.REFUSED.labels(refused.reason.value).inc()
            raise refused.error(param, limits) from None
        except TimeoutError:
            raise DeadlineExceeded(
                f"{param} was not decoded before the request's deadline; allow it more time"
            ) from None

    async def _decode(self, data: bytes, limits: AudioLimits, sample_rate: int | None) -> Audio:
        check_size(data, limits)
        if layout_of(data) is not None:
            read = partial(read_audio, data, limits, sample_rate)
            return await anyio.to_thread.run_sync(read, limiter=self._threads)
        job = Job(
            file_bytes=len(data),
            max_seconds=limits.max_seconds,
            max_samples=limits.max_samples,
            sample_rate=sample_rate or 0,
            cpu_s=self._settings.decoder_cpu_s,
            memory_bytes=self._settings.decoder_memory_mb * MEGABYTE,
        )
        async with self._slot(len(data)):
            return await self._in_process(job, data)

    @asynccontextmanager
    async def _slot(self, size: int) -> AsyncIterator[None]:
        """Wait for a turn. Raises Overloaded when too many or too much waits already."""
        settings = self._settings
        if not self._slots.available_tokens and (
            self._waiting_files >= settings.max_waiting_files
            or self._waiting_bytes + size > settings.max_waiting_mb * MEGABYTE
        ):
            raise Overloaded("too much audio waits to be decoded", retry_after_s=_RETRY_AFTER_S)
        self._count_waiting(1, size)
        try:
            await self._slots.acquire()
        finally:
            self._count_waiting(-1, -size)
        try:
            yield
        finally:
            self._slots.release()

    def _count_waiting(self, files: int, size: int) -> None:
        self._waiting_files += files
        self._waiting_bytes += size
        metrics.WAITING.inc(files)

    async def _in_process(self, job: Job, data: bytes) -> Audio:
        for _ in range(_STARTS):
            decoder = self._take()
            try:
                audio = await decoder.decode(job, data)
            except AudioRefused as refused:
                await self._give_back(decoder, is_spent=refused.reason is Reason.MEMORY)
                raise
            except DecoderDied as died:
                ended = await self._replace(decoder)
                metrics.ENDED.labels(ended).inc()
                logger.warning("a decoder ended (%s) at a file of %d bytes", ended, len(data))
                if died.is_started:
                    reason = Reason.CPU if ended == "SIGXCPU" else Reason.DIED
                    raise AudioRefused(reason) from None
            except asyncio.CancelledError:
                metrics.ENDED.labels("stopped").inc()
                await self._replace(decoder)
                raise
            else:
                await self._give_back(decoder, is_spent=decoder.files >= _MOST_FILES)
                return audio
        raise Unavailable("audio cannot be decoded now; try again", retry_after_s=_RETRY_AFTER_S)

    def _take(self) -> DecoderProcess:
        while self._idle:
            decoder = self._idle.pop()
            if decoder.is_alive:
                return decoder
            logger.warning("a decoder ended (%s) while it was idle", decoder.ended)
            metrics.ENDED.labels(decoder.ended).inc()
        return self._new()

    async def _give_back(self, decoder: DecoderProcess, *, is_spent: bool) -> None:
        if is_spent:
            await self._replace(decoder)
        else:
            self._idle.append(decoder)

    async def _replace(self, decoder: DecoderProcess) -> str:
        decoder.kill()
        self._idle.append(self._new())
        return await decoder.stop()

    def _new(self) -> DecoderProcess:
        """Takes milliseconds: the process is not waited for."""
        self._alive.difference_update({one for one in self._alive if not one.is_alive})
        try:
            decoder = DecoderProcess()
        except OSError as exc:
            logger.exception("a decoder cannot be started")
            raise Unavailable(
                "audio cannot be decoded now; try again", retry_after_s=_RETRY_AFTER_S
            ) from exc
        self._alive.add(decoder)
        return decoder


def _end(decoders: set[DecoderProcess]) -> None:
    """For those who never entered the context: tests, and programs that only ever read WAV."""
    for decoder in decoders:
        decoder.kill()
        decoder.wait()
