"""From tokens to transcript segments with the times of the original recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

from faster_whisper.tokenizer import Tokenizer

from contract.tasks import TranscriptSegment, Word
from predictors.models.whisper.chunks import Chunk
from predictors.models.whisper.hypothesis import Hypothesis, compression_ratio
from predictors.models.whisper.network import FRAMES_PER_S
from predictors.models.whisper.words import TimedWord, take

_TIMESTAMP_S = 0.02
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


def transcript(
    tokenizer: Tokenizer,
    heard: Sequence[tuple[Chunk, Hypothesis, list[TimedWord] | None]],
) -> tuple[TranscriptSegment, ...]:
    """All segments of one recording; words are None where they were not asked for."""
    numbers = count()
    made: list[TranscriptSegment] = []
    for chunk, hypothesis, words in heard:
        rest = None if words is None else iter(words)
        text_and_times = [one for one in hypothesis.tokens if _is_text_or_time(one, tokenizer)]
        for start_s, end_s, tokens in sentences(
            text_and_times, tokenizer.timestamp_begin, chunk.duration_s
        ):
            timed = None if rest is None else _words(chunk, take(rest, len(tokens)))
            bounds = chunk.original_s(start_s, end_s)
            if timed:
                bounds = timed[0].start_s, timed[-1].end_s
            text = tokenizer.decode(tokens)
            made.append(
                TranscriptSegment(
                    id=next(numbers),
                    seek=int(chunk.start_s * FRAMES_PER_S),
                    start_s=round(bounds[0], 3),
                    end_s=round(bounds[1], 3),
                    text=text,
                    tokens=tuple(tokens),
                    temperature=hypothesis.temperature,
                    avg_logprob=hypothesis.avg_logprob,
                    compression_ratio=compression_ratio(text),
                    no_speech_prob=hypothesis.no_speech_prob,
                    words=timed,
                )
            )
    return tuple(made)


def _is_text_or_time(token: int, tokenizer: Tokenizer) -> bool:
    return bool(token < tokenizer.eot or token >= tokenizer.timestamp_begin)


def _words(chunk: Chunk, words: Sequence[TimedWord]) -> tuple[Word, ...]:
    placed: list[Word] = []
    for word in words:
        start_s, end_s = chunk.original_s(word.start_s, word.end_s)
        start_s = max(start_s, placed[-1].end_s if placed else 0.0)
        end_s = max(end_s, start_s)
        placed.append(Word(round(start_s, 3), round(end_s, 3), word.word, word.probability))
    return tuple(placed)
