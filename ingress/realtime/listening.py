"""The stream as it comes in: what is kept of it, and where turns begin and end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from contract.audio.codec import Audio
from ingress.realtime import events
from ingress.realtime.activity import CONTEXT_WINDOWS, SpeechActivity
from ingress.realtime.config import SessionConfig
from ingress.realtime.sound import (
    InputDecoder,
    Int16Array,
    SoundBuffer,
    milliseconds,
    samples,
)
from ingress.realtime.turn import Turn
from ingress.realtime.turns import (
    WINDOW,
    Eagerness,
    Started,
    Stopped,
    TurnTracker,
    pause_ms,
)

_STEP = 4
"""Windows that are asked about at once, at least: 128 ms."""
_MOST = 1000
"""At most: 32 s of a backlog."""
_PAUSE = 3 * WINDOW
"""Quiet after which a pass may hear all of a turn."""
_LEAD_S = 10.0
"""Kept before anybody speaks, where the client ends turns: it may hear what the detector does
not."""
_LEAST_COMMIT_MS = 100
"""openai-python's type says an error where the buffer is empty; OpenAI wants this much."""
_THRESHOLD, _PADDING_MS = 0.5, 300.0


class Listener:
    """Of one session."""

    def __init__(
        self,
        config: SessionConfig,
        activity: SpeechActivity,
        send: Callable[[events.Event], None],
        ended: Callable[[Turn, SessionConfig], None],
        rated: Callable[[], None],
    ) -> None:
        """`ended` takes a turn whose item has been announced; `rated` is called when more of the
        stream is known to hold speech, or not."""
        self.config = config
        self._activity, self._send = activity, send
        self._ended, self._rated = ended, rated
        self._decoder = InputDecoder(config.format, config.rate)
        self._buffer = SoundBuffer()
        self._arrived = asyncio.Event()
        self._new_from = 0
        """Since the last item, or the last clear."""
        self._epoch = 0
        self._item_id: str | None = None
        self.turn: Turn | None = None
        self._tracker = self._new_tracker()

    # What passes over the turn need -----------------------------------------------------------

    @property
    def sound_end(self) -> int:
        return self._buffer.end

    @property
    def speech_end(self) -> int:
        return self._tracker.speech_end

    @property
    def has_paused(self) -> bool:
        """Nobody has spoken for a moment: a pass now hears all of the turn, if it ends here."""
        return self._tracker.quiet >= _PAUSE

    @property
    def kept_samples(self) -> int:
        return self._buffer.end - self._buffer.start

    def audio(self, start: int, end: int) -> Audio:
        return self._buffer.audio(start, end)

    def heard(self, text: str) -> None:
        """Takes the turn's text so far."""
        turns = self.config.turn_detection
        if turns is not None and turns.type == "semantic_vad":
            self._tracker.silence_ms = pause_ms(text, turns.eagerness or Eagerness.AUTO)

    # What the client does ---------------------------------------------------------------------

    def duration_s(self, data: bytes) -> float:
        return len(data) / self._decoder.bytes_per_s

    def decode(self, data: bytes) -> Int16Array:
        """The next samples of the stream. Seconds of sound take milliseconds."""
        return self._decoder.decode(data)

    def append(self, sound: Int16Array) -> None:
        self._buffer.append(sound)
        self._arrived.set()

    def commit(self) -> None:
        """Raises BufferEmpty."""
        self._buffer.append(self._decoder.finish())
        length_ms = milliseconds(self._buffer.end - self._new_from)
        if length_ms < _LEAST_COMMIT_MS:
            raise events.BufferEmpty(
                f"the input audio buffer holds {length_ms} ms of new audio; append at least "
                f"{_LEAST_COMMIT_MS} ms before a commit"
            )
        turn = self.turn or Turn(max(self._new_from, self._buffer.start))
        rated_to = self._tracker.now if self.turn else 0
        is_rated = self._buffer.end - rated_to < (_STEP + 1) * WINDOW
        self._end_turn(turn, self._buffer.end, self.speech_end if is_rated else self._buffer.end)
        self._begin_anew()

    def clear(self) -> None:
        self._decoder.finish()
        self.turn = None
        self._begin_anew()

    def configure(self, config: SessionConfig) -> None:
        """A turn that is being spoken goes on, and ends by the new rules."""
        before, self.config = self.config, config
        if (config.format, config.rate) != (before.format, before.rate):
            self._buffer.append(self._decoder.finish())
            self._decoder = InputDecoder(config.format, config.rate)
        if config.turn_detection == before.turn_detection:
            return
        if self.turn is None:
            self._tracker = self._new_tracker()
            return
        self._tracker.follow(**self._rules())
        if before.turn_detection is None:
            self._tell_start(self.turn)

    # Turns ------------------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._buffer.end - self._tracker.now >= _STEP * WINDOW:
                await self._rate_next()
                self._rated()

    async def _rate_next(self) -> None:
        tracker, epoch = self._tracker, self._epoch
        fresh = min((self._buffer.end - tracker.now) // WINDOW, _MOST)
        known = min((tracker.now - self._buffer.start) // WINDOW, CONTEXT_WINDOWS)
        sound = self.audio(tracker.now - known * WINDOW, tracker.now + fresh * WINDOW)
        turns = self.config.turn_detection
        threshold = turns.threshold if turns else None
        rated = await self._activity.rate(
            sound, fresh, _THRESHOLD if threshold is None else threshold
        )
        for is_speech in rated.tolist():
            if epoch != self._epoch or tracker is not self._tracker:
                return  # cleared, committed or configured meanwhile
            self._follow(tracker.feed(is_speech))
        self._discard()

    def _follow(self, change: Started | Stopped | None) -> None:
        if isinstance(change, Started):
            self.turn = Turn(change.at)
            self.heard("")
            if self.config.turn_detection is not None:
                self._tell_start(self.turn)
        elif isinstance(change, Stopped) and self.turn is not None:
            end_ms = milliseconds(change.at)
            self._send(
                events.event(
                    "input_audio_buffer.speech_stopped",
                    audio_end_ms=end_ms,
                    item_id=self.turn.item_id,
                )
            )
            self._end_turn(self.turn, change.at, self.speech_end)

    def _tell_start(self, turn: Turn) -> None:
        start_ms = milliseconds(turn.start)
        self._send(
            events.event(
                "input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=turn.item_id
            )
        )

    def _end_turn(self, turn: Turn, end: int, speech_end: int) -> None:
        turn.end, turn.speech_end = end, speech_end
        turn.sound = self.audio(turn.window_start, end)
        self.turn = None
        for item_event in events.item_events(turn.item_id, self._item_id):
            self._send(item_event)
        self._item_id, self._new_from = turn.item_id, end
        self._ended(turn, self.config)

    def _begin_anew(self) -> None:
        self._epoch += 1
        self._buffer.discard_before(self._buffer.end)
        self._new_from = self._buffer.end
        self._tracker = self._new_tracker()

    def _new_tracker(self) -> TurnTracker:
        return TurnTracker(max(self._buffer.start, self._new_from), **self._rules())

    def _rules(self) -> dict[str, float]:
        """A TurnTracker's."""
        turns = self.config.turn_detection
        padding_ms, silence_ms = _PADDING_MS, math.inf
        if turns is not None and turns.type == "server_vad":
            padding_ms, silence_ms = turns.prefix_padding_ms or 0, turns.silence_duration_ms or 0
        elif turns is not None:
            silence_ms = pause_ms("", turns.eagerness or Eagerness.AUTO)
        return {"padding_ms": padding_ms, "silence_ms": silence_ms}

    def _discard(self) -> None:
        """What no turn, no pass and no detection will need."""
        if self.turn is not None:
            self._buffer.discard_before(self.turn.window_start)
            return
        turns = self.config.turn_detection
        lead_ms = 1000 * _LEAD_S if turns is None else (turns.prefix_padding_ms or _PADDING_MS)
        lead = max(samples(lead_ms), CONTEXT_WINDOWS * WINDOW) + 2 * _STEP * WINDOW
        self._buffer.discard_before(self._tracker.now - lead)
