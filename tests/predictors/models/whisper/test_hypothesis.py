"""Which results are believed."""

from typing import Any

import pytest

from predictors.models.whisper.hypothesis import (
    Hypothesis,
    compression_ratio,
    likeliest,
    most_repeats,
    settled,
)

LOOP = "thank you for watching " * 12
CHORUS = "and so my fellow americans ask not what your country can do for you " * 3


def hypothesis(text: str = "some words", **changes: Any) -> Hypothesis:
    values = {
        "tokens": (1, 2),
        "text": text,
        "avg_logprob": -0.2,
        "no_speech_prob": 0.1,
        "temperature": 0.0,
        "is_cut_off": False,
    }
    return Hypothesis(**values | changes)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("", 1), ("a", 1), ("a b c", 1), ("a a a a", 4), ("x a b a b a b y", 3), (CHORUS, 3)],
)
def test_repeats_in_a_row_are_counted(words: str, expected: int):
    assert most_repeats(words.split()) == expected


def test_a_loop_is_suspicious_and_a_chorus_is_not():
    assert compression_ratio(CHORUS) > 2.4
    assert hypothesis(LOOP).is_suspicious
    assert not hypothesis(CHORUS).is_suspicious


def test_a_sentence_that_comes_twice_is_suspicious_in_a_short_window_only():
    twice = "A small boat drifted. A small boat drifted."
    assert hypothesis(twice, has_short_window=True).is_suspicious
    assert not hypothesis(twice).is_suspicious
    assert hypothesis("Stop. Stop.", has_short_window=True).is_suspicious
    assert not hypothesis("Yes, yes. No, no.", has_short_window=True).is_suspicious


def test_a_result_cut_off_by_the_limit_is_suspicious():
    assert hypothesis(is_cut_off=True).is_suspicious


def test_an_unsure_result_is_suspicious_unless_it_is_silence():
    assert hypothesis(avg_logprob=-1.5).is_suspicious
    silence = hypothesis(avg_logprob=-1.5, no_speech_prob=0.9)
    assert silence.is_silence
    assert not silence.is_suspicious


def test_a_sure_result_is_no_silence_whatever_the_no_speech_probability():
    assert not hypothesis(no_speech_prob=0.95).is_silence


@pytest.mark.parametrize("text", ["", " . . .", "♪♪", "…"])
def test_text_without_letters_or_digits_is_silence(text: str):
    assert hypothesis(text).is_silence


def test_the_first_result_that_looks_right_is_taken():
    right = hypothesis("right", temperature=0.2)
    assert settled([hypothesis(LOOP), right, hypothesis("later")]) is right


def test_two_tries_that_agree_are_believed():
    again = hypothesis(LOOP, temperature=0.2)
    assert settled([hypothesis(LOOP), hypothesis("x", avg_logprob=-3), again]) is again
    assert settled([hypothesis(LOOP), hypothesis("x", avg_logprob=-3)]) is None


def test_without_a_settled_one_the_likeliest_that_does_not_loop_is_kept():
    unsure = hypothesis("unsure", avg_logprob=-1.4)
    assert likeliest([hypothesis(LOOP), hypothesis("worse", avg_logprob=-2), unsure]) is unsure
    assert likeliest([hypothesis(LOOP)]).text == LOOP


def test_a_short_window_needs_more_certainty():
    assert hypothesis(avg_logprob=-0.53, has_short_window=True).is_suspicious
    assert not hypothesis(avg_logprob=-0.53).is_suspicious
    assert not hypothesis(avg_logprob=-0.4, has_short_window=True).is_suspicious
