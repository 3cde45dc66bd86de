"""Times of words: the decoder's cross-attention, aligned with the audio."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from faster_whisper.transcribe import merge_punctuations

from predictors.models.whisper.network import FRAMES_PER_S, Spoken, WhisperNetwork

_PREPENDED = "\"'“¿([{-"
_APPENDED = "\"'.。,，!！?？:：”)]}、"
_SENTENCE_ENDS = ".。!！?？"
_LONGEST_TYPICAL_WORD_S = 0.7


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with seconds of its chunk; `n_tokens` tells where in the text it belongs."""

    word: str
    n_tokens: int
    start_s: float
    end_s: float
    probability: float


def align(
    network: WhisperNetwork,
    encoded: Any,
    spoken: Spoken,
    tokens: Sequence[Sequence[int]],
    durations_s: Sequence[float],
) -> list[list[TimedWord]]:
    """Words of every chunk of a pass, in order of time. All chunks are `spoken` alike."""
    tokenizer = network.tokenizer(spoken)
    texts = [[token for token in one if token < tokenizer.eot] for one in tokens]
    # The aligner has no answer for a chunk without text: it gets a full stop, which is dropped.
    filler = tokenizer.encode(".")
    frames = [max(2, int(duration * FRAMES_PER_S)) for duration in durations_s]
    found = network.model.find_alignment(
        tokenizer, [text or filler for text in texts], encoded, frames
    )
    return [
        _timed(alignment, duration) if text else []
        for alignment, text, duration in zip(found, texts, durations_s, strict=True)
    ]


def _timed(alignment: list[dict[str, Any]], duration_s: float) -> list[TimedWord]:
    merge_punctuations(alignment, _PREPENDED, _APPENDED)
    words = [
        TimedWord(
            one["word"],
            len(one["tokens"]),
            min(float(one["start"]), duration_s),
            min(float(one["end"]), duration_s),
            float(one["probability"]),
        )
        for one in alignment
        if one["word"]
    ]
    return _without_pauses(words)


def _without_pauses(words: Sequence[TimedWord]) -> list[TimedWord]:
    """The attention rests on a pause and gives it to the word after it: take it away again."""
    lengths = [one.end_s - one.start_s for one in words if one.end_s > one.start_s]
    longest = 2 * min(_LONGEST_TYPICAL_WORD_S, median(lengths)) if lengths else 0.0
    ready: list[TimedWord] = []
    for word in words:
        begins_sentence = not ready or ready[-1].word[-1:] in _SENTENCE_ENDS
        start_s = max(word.start_s, ready[-1].end_s if ready else 0.0)
        if begins_sentence and longest:
            start_s = max(start_s, word.end_s - longest)
        ready.append(
            TimedWord(word.word, word.n_tokens, start_s, max(word.end_s, start_s), word.probability)
        )
    return ready


def take(words: Iterable[TimedWord], n_tokens: int) -> list[TimedWord]:
    """The next words that make up `n_tokens` tokens; `words` is an iterator and moves on."""
    taken: list[TimedWord] = []
    while n_tokens > 0:
        word = next(iter(words), None)
        if word is None:
            break
        taken.append(word)
        n_tokens -= word.n_tokens
    return taken
