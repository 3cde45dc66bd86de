"""From tokens to transcript segments with the times of the original recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, groupby
from operator import itemgetter

from faster_whisper.tokenizer import Tokenizer

from contract.tasks import TranscriptSegment, Word
from predictors.models.whisper.chunks import Chunk
from predictors.models.whisper.hypothesis import Hypothesis, compression_ratio
from predictors.models.whisper.network import FRAMES_PER_S
from predictors.models.whisper.words import TimedWord, take
from predictors.nn.speech_activity.segments import SAMPLE_RATE

_TIMESTAMP_S = 0.02
_LATE_S = 0.6
Sentence = tuple[float, float, list[int]]
"""Start and end in seconds of the chunk, and text tokens."""


def sentences(tokens: Sequence[int], first_timestamp: int, duration_s: float) -> Iterator[Sentence]:
    """Tokens cut at Whisper's timestamps; text behind the last timestamp runs to the end."""
    start_s, text = 0.0, list[int]()
    for token in tokens:
        if token < first_timestamp:
            text.append(token)
            continue
        time_s = min((token - first_timestamp) * _TIMESTAMP_S, duration_s)
        if text:
            yield start_s, max(time_s, start_s), text
            text = []
        start_s = max(time_s, start_s)
    if text:
        yield start_s, duration_s, text


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a sentence: what is said on one side of a pause, with seconds of the recording."""

    tokens: Sequence[int]
    start_s: float
    end_s: float
    words: tuple[Word, ...]


def transcript(
    tokenizer: Tokenizer,
    heard: Sequence[tuple[Chunk, Hypothesis, list[TimedWord] | None]],
    *,
    with_words: bool,
) -> tuple[TranscriptSegment, ...]:
    """All segments of one recording, none on both sides of a pause. Chunks whose words are None
    have no pauses."""
    numbers = count()
    made: list[TranscriptSegment] = []
    for chunk, hypothesis, words in heard:
        for part in _parts(tokenizer, chunk, hypothesis, words):
            text = tokenizer.decode(list(part.tokens))
            made.append(
                TranscriptSegment(
                    id=next(numbers),
                    seek=int(chunk.start_s * FRAMES_PER_S),
                    start_s=round(part.start_s, 3),
                    end_s=round(part.end_s, 3),
                    text=text,
                    tokens=tuple(part.tokens),
                    temperature=hypothesis.temperature,
                    avg_logprob=hypothesis.avg_logprob,
                    compression_ratio=compression_ratio(text),
                    no_speech_prob=hypothesis.no_speech_prob,
                    words=part.words if with_words else None,
                )
            )
    return tuple(made)


def _parts(
    tokenizer: Tokenizer, chunk: Chunk, hypothesis: Hypothesis, words: list[TimedWord] | None
) -> Iterator[_Part]:
    rest, reached = iter(words or ()), 0
    text_and_times = [one for one in hypothesis.tokens if _is_text_or_time(one, tokenizer)]
    for start_s, end_s, tokens in sentences(
        text_and_times, tokenizer.timestamp_begin, chunk.duration_s
    ):
        own = take(rest, len(tokens))
        if not own:
            yield _Part(tokens, *chunk.original_s(start_s, end_s), ())
            continue
        first = 0
        for index, group in _by_stretch(chunk, own):
            last = first + sum(word.n_tokens for word in group)
            begins = index > reached
            reached = index
            placed = _words(chunk, group, index, begins_stretch=begins)
            yield _Part(tokens[first:last], placed[0].start_s, placed[-1].end_s, placed)
            first = last


def _by_stretch(chunk: Chunk, words: Sequence[TimedWord]) -> Iterator[tuple[int, list[TimedWord]]]:
    """Words in a row that are said in the same stretch of speech, with its index.

    By their ends: the aligner gives a pause to the word after it.
    """
    stretches = accumulate((chunk.stretch_at(one.end_s, one.end_s) for one in words), max)
    pairs = zip(stretches, words, strict=True)
    for index, group in groupby(pairs, key=itemgetter(0)):
        yield index, [word for _, word in group]


def _is_text_or_time(token: int, tokenizer: Tokenizer) -> bool:
    return bool(token < tokenizer.eot or token >= tokenizer.timestamp_begin)


def _words(
    chunk: Chunk, words: Sequence[TimedWord], stretch: int, *, begins_stretch: bool
) -> tuple[Word, ...]:
    """The aligner is often late behind a pause: there a word begins where speech was detected."""
    placed: list[Word] = []
    for word in words:
        start_s, end_s = chunk.original_s(word.start_s, word.end_s, stretch)
        speech_s = chunk.stretches[stretch][0] / SAMPLE_RATE
        if begins_stretch and not placed and start_s < speech_s + _LATE_S:
            start_s = min(start_s, speech_s)
        start_s = max(start_s, placed[-1].end_s if placed else 0.0)
        end_s = max(end_s, start_s)
        placed.append(Word(round(start_s, 3), round(end_s, 3), word.word, word.probability))
    return tuple(placed)
