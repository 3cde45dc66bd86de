"""Circuits: a server that is down or hangs is left alone until it says that it is ready again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from contract.errors import CircuitOpen, DeadlineExceeded, SpeechError, Unavailable

_PROBE_S = 0.5
"""Between two questions whether the server is ready: a caller waits 2 s at most after it is."""


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    threshold: int = 5
    """Requests in a row that nobody answered, after which the circuit opens."""
    ttl_s: float = 30.0
    """Longest time for which an open circuit refuses while the server is not ready."""
    hung_after_s: float = 1.0
    """A deadline counts as a failure only after this long a wait: impatient callers prove
    nothing."""


class Circuit:
    """One server's health, as the requests to it tell.

    Every answer closes it, refusals and failed inferences too: who answers is there. Only silence
    counts: not reached, not ready, gone, or hanging past the deadline while nobody else is
    answered either. One request counts once, however often it was sent. After it was open, one
    more failure opens it again.
    """

    def __init__(
        self,
        model: str,
        policy: CircuitPolicy,
        is_ready: Callable[[], Awaitable[bool]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._policy, self._is_ready, self._clock = model, policy, is_ready, clock
        self._failures = 0
        self._open_until_s = float("-inf")
        self._answered_at_s = float("-inf")
        self._probe: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._clock() < self._open_until_s

    def refuse_while_open(self) -> None:
        if self.is_open:
            raise CircuitOpen(
                f"{self._model} is temporarily unavailable: it does not answer; try again soon",
                retry_after_s=1.0,
            )

    def note_answer(self) -> None:
        self._failures, self._open_until_s = 0, float("-inf")
        self._answered_at_s = self._clock()

    def note_error(self, error: SpeechError, started_s: float) -> None:
        """Count an error of a request that was first sent at `started_s`."""
        if error.was_retried:  # the server answered: somebody behind it did not
            self.note_answer()
        elif isinstance(error, Unavailable) or self._is_hung(error, started_s):
            self._failures += 1
            if self._failures >= self._policy.threshold:
                self._open()
        elif not isinstance(error, DeadlineExceeded):
            self.note_answer()

    async def aclose(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)

    def _is_hung(self, error: SpeechError, started_s: float) -> bool:
        has_waited = self._clock() - started_s >= self._policy.hung_after_s
        return (
            isinstance(error, DeadlineExceeded) and has_waited and self._answered_at_s < started_s
        )

    def _open(self) -> None:
        self._open_until_s = self._clock() + self._policy.ttl_s
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self._watch(), name=f"probe {self._model}")

    async def _watch(self) -> None:
        """Let requests pass again, on probation, as soon as the server says that it is ready."""
        while self.is_open:
            await asyncio.sleep(_PROBE_S)
            if await self._is_ready():
                self._open_until_s = float("-inf")
                self._failures = self._policy.threshold - 1
