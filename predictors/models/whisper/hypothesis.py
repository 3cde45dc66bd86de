"""What the decoder says about a chunk, and whether to believe it.

The thresholds are those of Whisper's own decoding (https://arxiv.org/abs/2212.04356, section 4.5).
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_MAX_COMPRESSION_RATIO = 2.4
_MIN_AVG_LOGPROB = -1.0
_MIN_AVG_LOGPROB_SHORT = -0.5
"""In a short window: sentences that ended early had -0.5 to -0.77 there."""
_NO_SPEECH = 0.6
_LOOP = 4  # times in a row
_SENTENCE = 4  # words


@dataclass(frozen=True, slots=True)
class Hypothesis:
    tokens: tuple[int, ...]
    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float
    is_cut_off: bool
    """The decoder was stopped by the limit on tokens: it was in a loop."""
    has_short_window: bool = False

    @property
    def is_repetitive(self) -> bool:
        """In a loop. A chorus compresses as well; it is known by how often it comes.

        What goes wrong in a short window is that a sentence comes twice; there that is enough.
        """
        words = self.text.lower().replace(",", "").replace(".", "").split()
        if self.is_cut_off or (self.has_short_window and is_doubled(words)):
            return True
        shrinks = compression_ratio(self.text) > _MAX_COMPRESSION_RATIO
        return shrinks and most_repeats(words) >= _LOOP

    @property
    def is_silence(self) -> bool:
        """Nobody speaks; or what was found has no letter or digit, like ". . ."."""
        is_unsure = self.avg_logprob < _MIN_AVG_LOGPROB
        is_quiet = self.no_speech_prob > _NO_SPEECH and is_unsure
        return is_quiet or not any(one.isalnum() for one in self.text)

    @property
    def is_suspicious(self) -> bool:
        """Worth another try; silence is not."""
        least = _MIN_AVG_LOGPROB_SHORT if self.has_short_window else _MIN_AVG_LOGPROB
        return not self.is_silence and (self.is_repetitive or self.avg_logprob < least)

    @property
    def may_have_ended_early(self) -> bool:
        """Suspicious for that alone: the words are right, if they reach the end of the speech."""
        is_sure_enough = self.avg_logprob >= _MIN_AVG_LOGPROB
        return self.is_suspicious and is_sure_enough and not self.is_repetitive


def compression_ratio(text: str) -> float:
    """How much zlib shrinks the text: above 2.4 it repeats itself."""
    data = text.encode("utf-8")
    return len(data) / len(zlib.compress(data))


def is_doubled(words: Sequence[str]) -> bool:
    """All of it comes twice, or a sentence of it does."""
    half = len(words) // 2
    return most_repeats(words, _SENTENCE) > 1 or (half > 0 and words[:half] == words[half:])


def most_repeats(words: Sequence[str], least: int = 1) -> int:
    """How often some phrase of `least` words or more stands there in a row, at most."""
    return max((_repeats(words, size) for size in range(least, len(words) // 2 + 1)), default=1)


def _repeats(words: Sequence[str], size: int) -> int:
    """Repeats in a row of phrases of `size` words: as many words equal the one `size` before."""
    longest = run = 0
    for index in range(size, len(words)):
        run = run + 1 if words[index] == words[index - size] else 0
        longest = max(longest, run)
    return 1 + longest // size


def settled(tries: Sequence[Hypothesis]) -> Hypothesis | None:
    """The try to believe: the first that is not suspicious, or one that came out twice.

    Speech that repeats itself compresses well too; then independent tries agree.
    """
    for index, one in enumerate(tries):
        if not one.is_suspicious:
            return one
        if any(one.text == before.text and not one.is_cut_off for before in tries[:index]):
            return one
    return None


def likeliest(tries: Sequence[Hypothesis]) -> Hypothesis:
    """For want of a settled one: the most probable of those that do not repeat themselves."""
    steady = [one for one in tries if not one.is_repetitive]
    return max(steady or tries, key=lambda one: one.avg_logprob)
