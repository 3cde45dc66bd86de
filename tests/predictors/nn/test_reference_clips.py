"""Which clips of a reference recording the speaker encoder hears."""

import numpy as np
import pytest

from contract.errors import InvalidAudio
from contract.tasks import FloatArray, SpeechSegment
from predictors.nn.reference_clips import MIN_SPEECH_S, reference_clips

RATE = 1000  # so that a sample is a millisecond


def recording(seconds: float) -> FloatArray:
    """Every sample tells where it is from, from 1 upwards."""
    return np.arange(1, round(seconds * RATE) + 1, dtype=np.float32)


def spans(seconds: float, *segments: SpeechSegment) -> list[tuple[float, float]]:
    """Start and end in seconds of the clips of a recording."""
    clips = reference_clips(recording(seconds), RATE, segments)
    return [(round((clip[0] - 1) / RATE, 3), round(clip[-1] / RATE, 3)) for clip in clips]


def said(start_s: float, end_s: float, text: str = "some words") -> SpeechSegment:
    return SpeechSegment(start_s, end_s, text)


def test_a_recogniser_s_segments_are_clips_with_a_little_room():
    assert spans(20, said(1, 4), said(6, 9)) == [(0.92, 4.08), (5.92, 9.08)]


def test_clips_stay_inside_the_recording_and_never_overlap():
    assert spans(5, said(0, 2), said(2.02, 4.99)) == [(0.0, 2.08), (2.08, 5.0)]
    assert spans(5, said(2, 4), said(0, 5), said(1, 3)) == [(0.0, 5.0)]


@pytest.mark.parametrize(
    "unfit",
    [said(10, 11), said(10, 14, "..."), said(10, 14, "a"), said(10, 14, "na " * 70)],
    ids=["shorter than 1.5 s", "no words", "one letter", "endless repetition"],
)
def test_segments_that_tell_little_are_left_out_while_others_tell_more(unfit: SpeechSegment):
    assert spans(20, said(1, 4), unfit) == [(0.92, 4.08)]


def test_a_long_segment_is_cut_into_equal_parts_of_about_ten_seconds():
    parts = spans(40, said(2, 35, "word " * 80))
    assert parts == [(1.92, 12.974), (12.974, 24.027), (24.027, 35.08)]


@pytest.mark.parametrize("count", [1, 40])
def test_a_33_s_reference_gives_clips_whatever_its_segments(count: int):
    """One chunk of 33 s, which upstream drops, and 40 short sentences, which it fails on."""
    edges = np.linspace(0, 33, count + 1)
    segments = [said(a, b, "word " * 5) for a, b in zip(edges, edges[1:], strict=False)]
    clips = spans(33, *segments)
    assert sum(stop - start for start, stop in clips) == pytest.approx(33, abs=0.01)
    assert all(stop - start < 20 for start, stop in clips)


def test_a_detector_s_segments_are_joined_and_cut_in_equal_parts():
    clips = reference_clips(recording(60), RATE, [SpeechSegment(0, 12), SpeechSegment(20, 33)])
    assert [len(clip) for clip in clips] == [12_500, 12_500]
    assert clips[1][0] == 20_501  # half a second into the second stretch


def test_short_speech_is_one_clip():
    assert spans(5, SpeechSegment(1, 1.4), SpeechSegment(3, 3.6)) == [(1.0, 3.6)]
    assert spans(5, said(1, 2)) == [(1.0, 2.0)]


def test_without_segments_all_of_it_is_speech():
    clips = reference_clips(recording(26), RATE, None)
    assert [len(clip) for clip in clips] == [8667, 8667, 8666]
    assert len(reference_clips(recording(14.9), RATE, None)) == 1


@pytest.mark.parametrize(
    "segments",
    [(), (SpeechSegment(1, 1 + MIN_SPEECH_S / 2),), (SpeechSegment(50, 60),)],
    ids=["none", "too short", "behind the end"],
)
def test_too_little_speech_is_refused(segments: tuple[SpeechSegment, ...]):
    with pytest.raises(InvalidAudio, match="of speech") as refusal:
        reference_clips(recording(5), RATE, segments, param="reference_audio")
    assert refusal.value.param == "reference_audio"


def test_silent_clips_are_left_out_and_silence_alone_is_refused():
    samples = recording(30)
    samples[10_000:] = 0
    assert [len(clip) for clip in reference_clips(samples, RATE, None)] == [10_000]
    with pytest.raises(InvalidAudio, match="silent"):
        reference_clips(samples, RATE, [said(12, 15)])


@pytest.mark.parametrize("times", [(0.0, 1e300), (1e300, 1e300), (0.0, 5.0)])
def test_a_hundred_thousand_segments_hold_no_more_than_the_recording(times: tuple[float, float]):
    segments = [said(*times)] * 100_000
    try:
        clips = reference_clips(recording(5), RATE, segments)
    except InvalidAudio:
        clips = []
    assert sum(map(len, clips)) <= 5 * RATE
