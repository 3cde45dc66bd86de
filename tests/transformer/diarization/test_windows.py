"""Windows of speech."""

import pytest

from contract.tasks import SpeechSegment
from transformer.diarization.windows import STEP_S, WINDOW_S, in_requests, windows_of


def test_short_speech_is_one_window():
    (one,) = windows_of([SpeechSegment(3.0, 3.4)])
    assert (one.start_s, one.end_s, one.segment) == (3.0, 3.4, 0)


@pytest.mark.parametrize("seconds", [1.6, 1.7, 2.0, 5.33, 61.0])
def test_windows_cover_long_speech_without_gaps(seconds):
    found = windows_of([SpeechSegment(1.0, 1.0 + seconds)])
    assert found[0].start_s == 1.0
    assert found[-1].end_s == pytest.approx(1.0 + seconds)
    assert all(one.duration_s == pytest.approx(WINDOW_S) for one in found)
    steps = [b.start_s - a.start_s for a, b in zip(found, found[1:], strict=False)]
    assert all(0 < step <= STEP_S + 1e-9 for step in steps)


def test_no_window_reaches_across_a_pause():
    speech = [SpeechSegment(0.0, 2.0), SpeechSegment(2.5, 6.0)]
    for one in windows_of(speech):
        assert speech[one.segment].start_s <= one.start_s
        assert one.end_s <= speech[one.segment].end_s + 1e-9


def test_silence_has_no_windows():
    assert windows_of([]) == []
    assert list(in_requests([])) == []


def test_requests_are_bounded_in_number_and_length_and_lose_nothing():
    windows = windows_of([SpeechSegment(0.0, 300.0), *_words(400.0, 4000)])
    requests = list(in_requests(windows))
    assert [one for some in requests for one in some] == windows
    assert all(len(some) <= 128 for some in requests)
    assert all(some[-1].end_s - some[0].start_s <= 90 for some in requests)
    assert len(requests) > 10


def _words(start_s, seconds):
    """A word every eight seconds."""
    return [SpeechSegment(start_s + at, start_s + at + 0.5) for at in range(0, seconds, 8)]
