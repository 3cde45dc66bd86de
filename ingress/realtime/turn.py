"""One turn: its place in the stream, and the text that passes over it have found so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import accumulate

from contract.audio.codec import Audio
from contract.tasks import TranscribeOutput, Word
from ingress.media import SPEECH_RATE
from ingress.realtime.agreement import Agreement, words_of
from ingress.realtime.events import new_id
from ingress.realtime.sound import samples

_SENTENCE_END = re.compile(r"[.!?。！？]\W*$")


@dataclass(slots=True)
class Turn:
    """What one item is made of. Places are samples since the session began.

    Passes hear its window. What is certain of a long turn is settled: its text is kept, its sound
    is not heard again.
    """

    start: int
    item_id: str = field(default_factory=lambda: new_id("item"))
    window_start: int = -1
    settled: str = ""
    settled_words: list[Word] = field(default_factory=list)
    agreement: Agreement = field(default_factory=Agreement)
    """Of the passes over the window."""
    heard_to: int = -1
    """End of what the last pass heard."""
    last: TranscribeOutput | None = None
    """Of a pass that may be the last: nobody spoke at its end."""
    sound: Audio | None = None
    """The window, once the turn has ended."""
    end: int = -1
    speech_end: int = -1
    ended_s: float = 0.0
    """When, by time.monotonic()."""

    def __post_init__(self) -> None:
        self.window_start = self.heard_to = self.start

    @property
    def duration_s(self) -> float:
        """Once it has ended."""
        return (self.end - self.start) / SPEECH_RATE

    @property
    def has_delta(self) -> bool:
        return bool(self.settled or self.agreement.count)

    @property
    def whole(self) -> TranscribeOutput | None:
        """The last pass, if it heard all that was spoken."""
        return self.last if self.heard_to >= self.speech_end else None

    def spaced(self, text: str) -> str:
        """The window's text as it goes on behind what is settled."""
        return f" {text}" if self.settled and text and not text.startswith(" ") else text

    def words_between(self, output: TranscribeOutput, first: int, last: int) -> list[Word]:
        """Timed words of a pass over the window that end within these of its words."""
        timed = [word for segment in output.segments for word in segment.words or ()]
        ends = accumulate(len(words_of(word.word)) for word in timed)
        return [word for word, end in zip(timed, ends, strict=True) if first < end <= last]

    def settle(self, output: TranscribeOutput) -> None:
        """Begin the window behind the words that are certain, at a sentence's end if there is one.

        `output`: of the pass that was added to the agreement last, with times.
        """
        timed = [word for segment in output.segments for word in segment.words or ()]
        units = list(accumulate(len(words_of(word.word)) for word in timed))
        certain = timed[: sum(1 for count in units if count <= self.agreement.count)]
        if len(certain) < 2:
            return
        middle_s = certain[-1].end_s / 2
        ends = [at for at, one in enumerate(certain) if _SENTENCE_END.search(one.word)]
        late = [at for at in ends if certain[at].end_s > middle_s]
        last = late[-1] if late else len(certain) - 1
        self.settled += "".join(words_of(self.spaced(output.text))[: units[last]])
        self.settled_words += certain[: last + 1]
        self.window_start += samples(1000 * certain[last].end_s)
        self.agreement.forget(units[last])
        self.last = None
