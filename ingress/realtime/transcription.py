"""From a turn's sound to its text: passes while it grows, and a last one when it has ended."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from contract.audio.codec import Audio
from contract.errors import Overloaded, SpeechError
from contract.tasks import TranscribeInput, TranscribeOutput
from ingress.media import SPEECH_RATE
from ingress.realtime import events, metrics
from ingress.realtime.agreement import words_of
from ingress.realtime.asking import delta_details, details, model_of, options_of
from ingress.realtime.calls import Calls
from ingress.realtime.config import SessionConfig, Transcription
from ingress.realtime.listening import Listener
from ingress.realtime.sound import samples
from ingress.realtime.turn import Turn

_LEAST_S = 0.5
"""Of sound before a first pass."""
_TIMED_S, _LONGEST_WINDOW_S = 8.0, 12.0
"""A window that grows is asked about with word times, and then begins behind what is certain."""
_CONTEXT_CHARS = 200
_FIRST_FACTOR = 0.5
"""On the interval, until a turn has its first delta."""
_DELAYS = {"minimal": 0.5, "low": 1.0, "medium": 2.0, "high": 4.0, "xhigh": 8.0}
"""Factors on the interval of passes, by the client's `delay`."""


class Transcriber:
    """Of one session: one call at a time, ended turns first and in order."""

    def __init__(
        self,
        calls: Calls,
        listener: Listener,
        send: Callable[[events.Event], None],
        interval_s: float,
    ) -> None:
        """`interval_s`: new sound between two passes over a turn that grows; 0: no such passes."""
        self._calls, self._listener, self._send = calls, listener, send
        self._interval_s = interval_s
        self._ended: deque[tuple[Turn, SessionConfig]] = deque()
        self._changed = asyncio.Event()
        self._pass: asyncio.Task[None] | None = None
        self._may_be_last = False
        self._pass_s = 0.0

    @property
    def waiting_samples(self) -> int:
        """Of turns that have ended and wait for their text."""
        return sum(len(turn.sound.samples) for turn, _ in self._ended if turn.sound)

    def look(self) -> None:
        """More sound has come, or a turn has begun."""
        self._changed.set()

    def finish(self, turn: Turn, config: SessionConfig) -> None:
        """The turn has ended: its last pass, or the one before if that hears everything."""
        turn.ended_s = time.monotonic()
        self._ended.append((turn, config))
        if not self._may_be_last or turn.heard_to < turn.speech_end:
            self.give_up()
        self._changed.set()

    def give_up(self) -> None:
        """The pass that is under way hears what nobody needs."""
        if self._pass is not None:
            self._pass.cancel()

    def drop_oldest(self) -> None:
        """The turn that has waited longest fails."""
        turn, _ = self._ended.popleft()
        metrics.TURNS.labels("dropped").inc()
        error = Overloaded(
            "this turn is dropped: too much sound waits for its text; pause before you send more"
        )
        self._send(events.failed(turn.item_id, error))

    async def run(self) -> None:
        while True:
            turn = self._listener.turn
            if self._ended:
                await self._last_pass(*self._ended.popleft())
            elif turn is not None and self._is_due(turn):
                await self._one_pass(turn)
            else:
                self._changed.clear()
                await self._changed.wait()

    # While somebody speaks ------------------------------------------------------------------

    def _is_due(self, turn: Turn) -> bool:
        asked, end = self._listener.config.transcription, self._listener.sound_end
        if not self._interval_s or asked is None:
            return False
        if end - turn.window_start < samples(1000 * _LEAST_S):
            return False
        if self._listener.has_paused:
            return turn.heard_to < self._listener.speech_end
        wait_s = self._interval_s * _DELAYS[asked.delay or "low"]
        if not turn.has_delta:
            wait_s *= _FIRST_FACTOR
        # A pass's own time at least: many sessions slow down together.
        return end - turn.heard_to >= samples(1000 * max(wait_s, self._pass_s))

    async def _one_pass(self, turn: Turn) -> None:
        self._may_be_last = self._listener.has_paused
        end = self._listener.sound_end
        self._pass = asyncio.create_task(self._hear(turn, end, self._may_be_last))
        try:
            await asyncio.wait([self._pass])
        finally:
            self._pass.cancel()
        if not self._pass.cancelled():
            self._pass.result()
        self._pass, self._may_be_last = None, False

    async def _hear(self, turn: Turn, end: int, may_be_last: bool) -> None:
        """The last pass reports an error."""
        config = self._listener.config
        window_s = (end - turn.window_start) / SPEECH_RATE
        began_s, turn.heard_to, turn.last = time.monotonic(), end, None
        try:
            audio = self._listener.audio(turn.window_start, end)
            is_timed = config.wants_logprobs or window_s > _TIMED_S
            request = await self._request(config, audio, turn, is_timed, is_quick=not may_be_last)
            may_wait = turn.has_delta and not may_be_last  # the first words are awaited as the last
            output = await self._calls.transcribe(self._model(config), request, may_wait=may_wait)
        except SpeechError:
            return
        finally:
            self._pass_s = time.monotonic() - began_s
        turn.last = output if may_be_last else None
        text = turn.spaced(output.text)
        sent = turn.agreement.count
        self._send_delta(turn, config, output, turn.agreement.add(words_of(text)), sent)
        self._listener.heard(turn.settled + text)
        if window_s > _LONGEST_WINDOW_S:
            turn.settle(output)

    # At its end -----------------------------------------------------------------------------

    async def _last_pass(self, turn: Turn, config: SessionConfig) -> None:
        if config.transcription is None:
            return
        try:
            output = turn.whole or await self._final(turn, config)
        except SpeechError as error:
            metrics.TURNS.labels("failed").inc()
            self._send(events.failed(turn.item_id, error))
            return
        metrics.TURNS.labels("completed").inc()
        metrics.FINAL_SECONDS.observe(time.monotonic() - turn.ended_s)
        text = turn.spaced(output.text)
        rest = turn.agreement.rest(words_of(text))
        self._send_delta(turn, config, output, rest, turn.agreement.count)
        transcript = (turn.settled + text).strip()
        more = details(turn, output, config)
        self._send(events.completed(turn.item_id, transcript, turn.duration_s, **more))

    async def _final(self, turn: Turn, config: SessionConfig) -> TranscribeOutput:
        if turn.sound is None or not len(turn.sound.samples):
            return TranscribeOutput("", ())
        request = await self._request(config, turn.sound, turn, config.wants_logprobs)
        return await self._calls.transcribe_at_last(self._model(config), request)

    # Both -----------------------------------------------------------------------------------

    def _send_delta(
        self, turn: Turn, config: SessionConfig, output: TranscribeOutput, text: str, sent: int
    ) -> None:
        """`text` is of the pass `output`; earlier deltas held so many words of its window."""
        if not text:
            return
        fresh = turn.words_between(output, sent, sent + len(words_of(text)))
        more = delta_details(config, fresh, is_start=not turn.settled and not sent)
        self._send(events.delta(turn.item_id, text, **more))

    def _model(self, config: SessionConfig) -> str:
        asked = config.transcription or Transcription()
        return model_of(self._calls, asked.model)

    async def _request(
        self,
        config: SessionConfig,
        audio: Audio,
        turn: Turn,
        is_timed: bool,
        *,
        is_quick: bool = False,
    ) -> TranscribeInput:
        asked = config.transcription or Transcription()
        options = await self._calls.app_state.in_thread(options_of, asked)
        if turn.settled:
            options["prompt"] = turn.settled[-_CONTEXT_CHARS:]
        if is_quick:  # the next pass is near
            options |= {"beam_size": 1, "fallback": False}
        return TranscribeInput(audio, word_timestamps=is_timed, **options)
