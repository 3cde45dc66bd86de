"""How much sound a session keeps: the end of its stream, and turns that wait for their text."""

from __future__ import annotations

from contract.errors import Overloaded
from ingress.media import SPEECH_RATE
from ingress.realtime import events, metrics
from ingress.realtime.listening import Listener
from ingress.realtime.transcription import Transcriber
from ingress.request_state import RequestState
from transport.asgi.bulkheads import Bulkhead

_STREAM_BYTES, _TURN_BYTES = 2, 4
"""A sample: int16 in the stream, float32 in a turn that has ended."""


class KeptSound:
    """Bounded in seconds by session, and in bytes by caller as everything that requests hold."""

    def __init__(
        self,
        listener: Listener,
        transcriber: Transcriber,
        *,
        most_s: float,
        memory: Bulkhead,
        state: RequestState,
    ) -> None:
        self._listener, self._transcriber = listener, transcriber
        self._most_s, self._memory, self._state = most_s, memory, state
        self._held = 0
        self._is_full = False

    def admits(self, seconds: float) -> bool:
        """Whether so much more fits; turns that wait longest make room.

        Raises BufferFull for the first append that does not fit, Overloaded where the server's
        memory is full.
        """
        while self._is_over(seconds) and self._transcriber.waiting_samples:
            self._transcriber.drop_oldest()
        self._count()
        was_full, self._is_full = self._is_full, self._is_over(seconds)
        if not self._is_full:
            return True
        metrics.DROPPED.inc()
        if was_full:
            return False
        raise events.BufferFull(
            f"the input audio buffer keeps {self._most_s:g} s; what you append is dropped until "
            "you commit or clear it",
            param="audio",
        )

    def _is_over(self, seconds: float) -> bool:
        kept = self._listener.kept_samples + self._transcriber.waiting_samples
        return kept / SPEECH_RATE + seconds > self._most_s

    def _count(self) -> None:
        size = _STREAM_BYTES * self._listener.kept_samples
        size += _TURN_BYTES * self._transcriber.waiting_samples
        more = size - self._held
        try:
            if more > 0:
                self._state.lease.hold(self._memory, self._state.caller, more)
            else:
                self._state.lease.count(self._memory, self._state.caller, more)
        except Overloaded:
            metrics.DROPPED.inc()
            raise
        self._held = size
