"""Where a turn of speech begins and ends: rules over windows that hold speech or do not."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from ingress.realtime.sound import samples

WINDOW = 512
"""Samples at 16 kHz that a detector rates as one: Silero's."""
_FEWEST_WINDOWS = 3
"""Of speech before a turn begins: 96 ms. A click is shorter."""
_LONGEST_S = 60.0
"""A turn that goes on is cut here, where the server ends turns."""


@dataclass(frozen=True, slots=True)
class Started:
    at: int
    """Place of the first sample, padding included."""


@dataclass(frozen=True, slots=True)
class Stopped:
    at: int


class TurnTracker:
    """Takes one window after another. Places are samples since the session began."""

    def __init__(self, at: int, *, padding_ms: float, silence_ms: float) -> None:
        """`silence_ms`: quiet that ends a turn; infinity: nothing does. It may be changed."""
        self.follow(padding_ms=padding_ms, silence_ms=silence_ms)
        self._earliest = self._now = at
        self._run = 0
        self.is_speaking = False
        self.speech_end = at
        """End of the last window that held speech."""

    def follow(self, *, padding_ms: float, silence_ms: float) -> None:
        """Go on by these rules."""
        self.silence_ms = silence_ms
        self._padding = samples(padding_ms)

    @property
    def now(self) -> int:
        """How far the stream has been rated."""
        return self._now

    @property
    def quiet(self) -> int:
        """Samples since somebody spoke."""
        return self._now - self.speech_end

    def feed(self, is_speech: bool) -> Started | Stopped | None:
        self._now += WINDOW
        self._run = self._run + 1 if is_speech else 0
        if self.is_speaking:
            if is_speech:
                self.speech_end = self._now
            return self._ending()
        if self._run < _FEWEST_WINDOWS:
            return None
        self.is_speaking, self.speech_end = True, self._now
        begin = self._now - self._run * WINDOW - self._padding
        self._started = max(begin, self._earliest)
        return Started(self._started)

    def _ending(self) -> Stopped | None:
        is_long = self._now - self._started >= samples(1000 * _LONGEST_S)
        is_over = self.quiet > 0 and self.quiet >= samples(min(self.silence_ms, 1e9))
        if not is_over and not (is_long and math.isfinite(self.silence_ms)):
            return None
        self.is_speaking, self._run, self._earliest = False, 0, self._now
        return Stopped(self._now)


class Eagerness(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    AUTO = "auto"


_LONGEST_PAUSE_MS = {
    Eagerness.LOW: 8000.0,
    Eagerness.MEDIUM: 4000.0,
    Eagerness.HIGH: 2000.0,
    Eagerness.AUTO: 4000.0,
}
"""OpenAI's: openai-python, types/realtime/realtime_transcription_session_audio_input_turn_detection
.py, `eagerness`."""
_COMPLETE_MS = {
    Eagerness.LOW: 1000.0,
    Eagerness.MEDIUM: 600.0,
    Eagerness.HIGH: 400.0,
    Eagerness.AUTO: 600.0,
}
_SENTENCE_END = re.compile(r"[.!?。！？…]['\")\]”’»]*$")
_TRAILING_OFF = re.compile(
    r"(\.\.\.|…|[,;:\-–—、，]|"  # full-width and other dashes are meant
    r"\b(u+h+|u+h*m+|e+h*m+|h+m+|er+|and|or|but|so|because|if|the|a|an|to|of|with|that|which|"
    r"is|are|my|your|i))[.…]*$",
    re.IGNORECASE,
)


def pause_ms(text: str, eagerness: Eagerness) -> float:
    """Quiet that ends a turn of semantic_vad, by what has been said so far.

    A rule, no model: a finished sentence is answered soon, one that trails off is waited for as
    long as OpenAI would at most, anything else a third of that.
    """
    said = text.strip()
    if _TRAILING_OFF.search(said):
        return _LONGEST_PAUSE_MS[eagerness]
    if _SENTENCE_END.search(said):
        return _COMPLETE_MS[eagerness]
    return max(_LONGEST_PAUSE_MS[eagerness] / 3, _COMPLETE_MS[eagerness])
