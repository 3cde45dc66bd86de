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
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Self

import anyio
from prometheus_client import Counter, Gauge

from contract.audio.codec import Audio
from contract.audio.wav import layout_of
from contract.errors import DeadlineExceeded, Overloaded, Unavailable
from transport.asgi.settings import MEGABYTE
from transport.decoding.connection import DecoderDied
from transport.decoding.process import DecoderProcess
from transport.decoding.protocol import Job
from transport.decoding.reading import check_size, read_audio
from transport.decoding.refusals import AudioLimits, AudioRefused, Reason
from transport.decoding.settings import DecodingSettings

logger = logging.getLogger(__name__)

_STARTS = 2
_MOST_FILES = 1_000
"""After so many files a decoder is replaced: native libraries leak a little, and its limit counts
from what it took when it was new."""
_RETRY_AFTER_S = 1.0
_NONE_LEFT = "audio cannot be decoded now; try again"

REFUSED = Counter("speech_audio_refused", "Audio that was refused, by what was wrong", ["reason"])
ENDED = Counter(
    "speech_decoder_ended",
    "Decoders that ended, by cause: a signal or exit of their own, or stopped with their request",
    ["cause"],
)
WAITING = Gauge("speech_decoder_waiting", "Files that wait for a decoder now")


class Decoders:
    """Decodes untrusted audio for the coroutines of one event loop at a time.

    Entered as a context, it starts all processes at once and ends them at the end; without that
    each is started when it is first needed. Plain WAV is read here, in a thread: it needs no
    native decoder, and bounded time.
    """

    def __init__(self, settings: DecodingSettings) -> None:
        self._settings = settings
        self._slots = anyio.CapacityLimiter(settings.decoders)
        self._threads = self._new_threads()
        self._idle: list[DecoderProcess] = []
        self._alive: set[DecoderProcess] = set()
        self._waiting_files = self._waiting_bytes = 0
        self._is_closed = False
        weakref.finalize(self, _end, self._alive)

    async def __aenter__(self) -> Self:
        """Can be entered again after it was left. Raises OSError when processes cannot start."""
        if self._is_closed:
            self._is_closed, self._threads = False, self._new_threads()
        while len(self._alive) < self._settings.decoders:
            self._idle.append(self._start())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closed = True
        self._idle.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await asyncio.gather(*(decoder.stop() for decoder in self._alive))
        self._alive.clear()

    def _new_threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._settings.decoders, thread_name_prefix="wav")

    @property
    def process_ids(self) -> list[int]:
        return [decoder.process_id for decoder in self._alive if decoder.is_alive]

    async def decode(
        self,
        data: bytes,
        *,
        param: str,
        limits: AudioLimits,
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
            REFUSED.labels(refused.reason.value).inc()
            raise refused.error(param, limits) from None
        except TimeoutError:
            raise DeadlineExceeded(
                f"{param} was not decoded before the request's deadline; allow it more time"
            ) from None

    async def _decode(self, data: bytes, limits: AudioLimits, sample_rate: int | None) -> Audio:
        check_size(data, limits)
        if layout_of(data) is not None:
            read = partial(read_audio, data, limits, sample_rate)
            return await asyncio.get_running_loop().run_in_executor(self._threads, read)
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
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            await self._turn(size)
        try:
            yield
        finally:
            self._slots.release()

    async def _turn(self, size: int) -> None:
        """First come, first served. Raises Overloaded when too many or too much waits already."""
        settings = self._settings
        if (
            self._waiting_files >= settings.max_waiting_files
            or self._waiting_bytes + size > settings.max_waiting_mb * MEGABYTE
        ):
            raise Overloaded("too much audio waits to be decoded", retry_after_s=_RETRY_AFTER_S)
        self._count_waiting(1, size)
        try:
            await self._slots.acquire()
        finally:
            self._count_waiting(-1, -size)

    def _count_waiting(self, files: int, size: int) -> None:
        self._waiting_files += files
        self._waiting_bytes += size
        WAITING.inc(files)

    async def _in_process(self, job: Job, data: bytes) -> Audio:
        for _ in range(_STARTS):
            decoder = self._take()
            try:
                return await decoder.decode(job, data)
            except AudioRefused as refused:
                if refused.reason is Reason.MEMORY:  # what it holds now may count against the next
                    await decoder.stop()
                raise
            except DecoderDied as died:
                await decoder.stop()
                _report(decoder.ended, data)
                if died.has_file:
                    reason = Reason.CPU if decoder.ended == "SIGXCPU" else Reason.DIED
                    raise AudioRefused(reason) from None
            finally:
                await self._give_back(decoder)
        raise Unavailable(_NONE_LEFT, retry_after_s=_RETRY_AFTER_S)

    def _take(self) -> DecoderProcess:
        while self._idle:
            decoder = self._idle.pop()
            if decoder.is_alive:
                return decoder
            decoder.kill()  # its socket is still open
            _report(decoder.ended)
        try:
            return self._start()
        except OSError as exc:
            logger.exception("a decoder cannot be started")
            raise Unavailable(_NONE_LEFT, retry_after_s=_RETRY_AFTER_S) from exc

    async def _give_back(self, decoder: DecoderProcess) -> None:
        """Keep it if it can go on, else end and replace it: the next file finds one that is up."""
        if decoder.may_go_on:
            if decoder.files < _MOST_FILES:
                self._idle.append(decoder)
                return
        elif decoder.is_alive:
            ENDED.labels("stopped").inc()
        decoder.kill()
        if not self._is_closed:
            with suppress(OSError):  # the next file will try again, and tell
                self._idle.append(self._start())
        await decoder.stop()

    def _start(self) -> DecoderProcess:
        """Takes milliseconds: the process is not waited for. Raises OSError."""
        self._alive.difference_update({one for one in self._alive if not one.is_alive})
        decoder = DecoderProcess()
        self._alive.add(decoder)
        return decoder


def _report(ended: str, data: bytes | None = None) -> None:
    ENDED.labels(ended).inc()
    what = "while it was idle" if data is None else f"at a file of {len(data)} bytes"
    logger.warning("a decoder ended (%s) %s", ended, what)


def _end(decoders: set[DecoderProcess]) -> None:
    """For those who never entered the context: tests, and programs that only ever read WAV."""
    for decoder in decoders:
        decoder.kill()
        decoder.wait()
