"""The rules that turn probabilities into segments, on probabilities written by hand."""

import numpy as np
import pytest

from predictors.nn.speech_activity.segments import WINDOW, SpeechRules, speech_spans

NO_PAD = SpeechRules(min_speech_duration_ms=0, min_silence_duration_ms=100, speech_pad_ms=0)


def spans(pattern: str, rules: SpeechRules, n_samples: int | None = None) -> list[tuple[int, int]]:
    """`pattern`: one letter a window; S speech, - silence, m between the two thresholds."""
    levels = {"S": 0.9, "-": 0.05, "m": 0.4}
    probabilities = np.array([levels[letter] for letter in pattern], np.float32)
    return speech_spans(probabilities, n_samples or len(pattern) * WINDOW, rules)


def test_speech_ends_where_the_quiet_began():
    assert spans("--SSSS--------", NO_PAD) == [(2 * WINDOW, 6 * WINDOW)]


def test_gap_shorter_than_the_least_silence_does_not_split():
    assert spans("SSSS--SSSS------", NO_PAD) == [(0, 10 * WINDOW)]


def test_probability_between_the_thresholds_neither_starts_nor_ends_speech():
    assert spans("mmmmmm", NO_PAD) == []
    assert spans("SSmmmmmmmmSS------", NO_PAD) == [(0, 12 * WINDOW)]


def test_speech_at_the_end_runs_to_the_last_sample():
    assert spans("--SSSS", NO_PAD, 6 * WINDOW - 100) == [(2 * WINDOW, 6 * WINDOW - 100)]


def test_short_speech_is_dropped():
    rules = SpeechRules(min_speech_duration_ms=250, speech_pad_ms=0)
    assert spans("--SSSS--------SSSSSSSSS------", rules) == [(14 * WINDOW, 23 * WINDOW)]


def test_padding_stays_inside_the_audio_and_meets_its_neighbour_half_way():
    rules = SpeechRules(min_speech_duration_ms=0, min_silence_duration_ms=0, speech_pad_ms=64)
    assert spans("SS-SS", rules) == [
        (0, 2 * WINDOW + WINDOW // 2),
        (3 * WINDOW - WINDOW // 2, 5 * WINDOW),
    ]


@pytest.mark.parametrize(("threshold", "expected"), [(0.95, []), (0.3, [(0, 8 * WINDOW)])])
def test_threshold_decides(threshold: float, expected: list[tuple[int, int]]):
    rules = SpeechRules(threshold, 0, 100, 0)
    assert spans("SSmmmmSS", rules) == expected


def test_no_windows_no_speech():
    assert speech_spans(np.zeros(0, np.float32), 0, SpeechRules()) == []
