"""Tokens to sentences with times."""

from predictors.models.whisper.segments import sentences

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
