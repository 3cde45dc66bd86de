"""Tokens to sentences with times, and sentences to segments that no pause runs through."""

from collections.abc import Sequence

from predictors.models.whisper.chunks import SAMPLE_RATE, Chunk
from predictors.models.whisper.hypothesis import Hypothesis
from predictors.models.whisper.segments import sentences, transcript
from predictors.models.whisper.words import TimedWord

BEGIN = 1000  # the token of 0.00 s; each one more is 20 ms


def test_timestamps_bound_the_text_between_them():
    tokens = [BEGIN, 1, 2, BEGIN + 100, BEGIN + 150, 3, BEGIN + 200]
    assert list(sentences(tokens, BEGIN, 5.0)) == [(0.0, 2.0, [1, 2]), (3.0, 4.0, [3])]


def test_text_behind_the_last_timestamp_is_kept():
    tokens = [BEGIN, 1, BEGIN + 100, BEGIN + 100, 2, 3]
    assert list(sentences(tokens, BEGIN, 5.0)) == [(0.0, 2.0, [1]), (2.0, 5.0, [2, 3])]


def test_text_without_timestamps_is_one_sentence():
    assert list(sentences([1, 2, 3], BEGIN, 2.5)) == [(0.0, 2.5, [1, 2, 3])]


def test_times_never_go_back_nor_past_the_end():
    tokens = [BEGIN + 200, 1, BEGIN + 100, 2, BEGIN + 900]
    assert list(sentences(tokens, BEGIN, 5.0)) == [(4.0, 4.0, [1]), (4.0, 5.0, [2])]


def test_no_text_no_sentences():
    assert list(sentences([BEGIN, BEGIN + 50], BEGIN, 5.0)) == []


class Letters:
    """A tokenizer whose text tokens are letters."""

    eot, timestamp_begin = 500, BEGIN

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(chr(token) for token in tokens)


def test_a_word_that_the_aligner_stretches_over_a_pause_is_said_behind_it():
    """ "ask not - what": 3.3-4.4 s and 5.4-10.5 s, in a chunk that begins at 3 s."""
    second = SAMPLE_RATE
    stretches = ((round(3.3 * second), round(4.4 * second)), (round(5.4 * second), 10 * second))
    chunk = Chunk(3 * second, 11 * second, stretches)
    words = [
        TimedWord("a", 1, 0.3, 0.8, 0.9),
        TimedWord("n", 1, 0.8, 1.35, 0.9),
        TimedWord("w", 1, 1.35, 2.44, 0.9),  # 0.05 s before the pause, 0.04 s behind it
        TimedWord("y", 1, 2.44, 3.0, 0.9),
    ]
    tokens = tuple(ord(word.word) for word in words)
    heard = Hypothesis(tokens, "anwy", -0.2, 0.0, 0.0, is_cut_off=False)
    first, last = transcript(Letters(), [(chunk, heard, words)], with_words=True)  # type: ignore[arg-type]
    assert (first.text, last.text) == ("an", "wy")
    assert (first.start_s, first.end_s) == (3.3, 4.35)
    assert (last.start_s, last.end_s) == (5.3, 6.0)
    assert [one.word for one in last.words or ()] == ["w", "y"]
