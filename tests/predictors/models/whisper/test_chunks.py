"""Cutting recordings, and finding the way back to their own times."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.models.whisper.chunks import MAX_CHUNK, MIN_CHUNK, SAMPLE_RATE, Chunk, Cutting, cut

Seconds = tuple[float, float]

PAUSE_S = 0.9
QUIET_END_S = 0.3
"""How far a segment may begin or end in a pause."""
gaps_s = st.one_of(st.floats(0.2, 1.5), st.floats(1.0, 70.0))
plans = st.lists(st.tuples(gaps_s, st.floats(0.1, 12.0)), min_size=1, max_size=8)
"""Pauses, each with the speech behind it, in seconds."""
times_s = st.lists(st.tuples(st.floats(0, 31), st.floats(0, 31)).map(sorted), min_size=20)
"""Starts and ends within a chunk, as Whisper may give them."""
many = settings(max_examples=200, deadline=None)


def recording(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(-0.5, 0.5, round(seconds * SAMPLE_RATE)).astype(np.float32)


NOISE = recording(700)


def at(*seconds: float) -> list[tuple[int, int]]:
    samples = [round(one * SAMPLE_RATE) for one in seconds]
    return list(zip(samples[::2], samples[1::2], strict=True))


def laid_out(plan: Sequence[Seconds], tail_s: float) -> tuple[np.ndarray, list[Seconds]]:
    """A recording as long as the plan, and where its speech is."""
    speech: list[Seconds] = []
    now_s = 0.0
    for pause_s, speech_s in plan:
        speech.append((now_s + pause_s, now_s + pause_s + speech_s))
        now_s = speech[-1][1]
    return NOISE[: round((now_s + tail_s) * SAMPLE_RATE)], speech


def long_pauses(speech: Sequence[Seconds], duration_s: float) -> list[Seconds]:
    ends = [0.0, *(end for _, end in speech)]
    starts = [*(start for start, _ in speech), duration_s]
    return [one for one in zip(ends, starts, strict=True) if one[1] - one[0] > PAUSE_S]


def spans(speech: Sequence[Seconds]) -> list[tuple[int, int]]:
    return at(*(edge for one in speech for edge in one))


# Cutting --------------------------------------------------------------------------------------


KENNEDY = at(0.32, 2.24, 3.328, 3.74, 4.03, 4.352, 5.44, 7.62, 8.22, 10.5)


def test_pauses_for_effect_do_not_tear_a_sentence_apart():
    """Kennedy's, as the detector hears them: "ask not" alone is misheard."""
    (chunk,) = cut(recording(11), KENNEDY)
    assert list(chunk.stretches) == at(0.32, 2.24, 3.328, 4.352, 5.44, 10.5)


def test_a_chunk_ends_at_a_pause_and_goes_on_over_a_breath():
    chunks = cut(recording(100), at(2, 10, 10.8, 12, 13.1, 18, 40, 55))
    assert [(chunk.start_s, chunk.end_s) for chunk in chunks] == [
        (1.6, 12.4),
        (12.7, 18.4),
        (39.6, 55.4),
    ]
    assert [list(chunk.stretches) for chunk in chunks] == [at(2, 12), at(13.1, 18), at(40, 55)]


def test_a_time_belongs_to_the_stretch_that_most_of_it_is_in():
    (chunk,) = cut(recording(11), KENNEDY)
    assert chunk.original_s(4.3, 5.5) == pytest.approx((5.34, 5.5 - chunk.start_s), abs=0.1)
    assert chunk.original_s(2.2, 2.6) == pytest.approx((2.2, 2.34))
    assert chunk.original_s(0.5, 10.0) == pytest.approx((5.34, 10.0))


def test_a_request_may_cut_at_shorter_pauses_and_keep_less_before_speech():
    speech = at(2, 10, 10.4, 12)
    cutting = Cutting(long_pause=SAMPLE_RATE * 3 // 10, pad_before=SAMPLE_RATE // 10)
    assert [(one.start_s, one.end_s) for one in cut(recording(20), speech, cutting=cutting)] == [
        (1.9, 10.2),
        (10.3, 12.4),
    ]


def test_however_much_is_kept_before_speech_no_sound_is_in_two_chunks():
    cutting = Cutting(long_pause=SAMPLE_RATE // 5, pad_before=5 * SAMPLE_RATE)
    first, second = cut(recording(20), at(2, 10, 10.4, 12), cutting=cutting)
    assert first.start_s == 0
    assert first.end_s == second.start_s == 10.2


def test_long_speech_is_cut_where_it_is_quietest():
    samples = recording(50)
    samples[25 * SAMPLE_RATE : 26 * SAMPLE_RATE] *= 0.01
    first, second = cut(samples, at(0, 50))
    assert 25 < first.end_s < 26
    assert second.start_s == first.end_s
    assert second.end_s == 50


def test_long_speech_is_cut_at_the_last_breath_that_fits():
    first, second = cut(recording(60), at(0, 5, 5.5, 12, 12.5, 29, 29.5, 34, 34.5, 50))
    assert (first.end_s, second.end_s) == pytest.approx((29.25, 50.4))
    assert [first.stretches[0], second.stretches[0]] == at(0, 29, 29.5, 50)


@many
@given(plan=plans, tail_s=gaps_s, keep_pauses=st.booleans())
def test_chunks_hold_all_speech_in_order_and_fit_the_encoder(
    plan: list[Seconds], tail_s: float, keep_pauses: bool
):
    samples, speech = laid_out(plan, tail_s)
    chunks = cut(samples, spans(speech), keep_pauses=keep_pauses)
    edges = [(chunk.start, chunk.end) for chunk in chunks]
    assert edges == sorted(edges)
    assert all(MIN_CHUNK <= end - start <= MAX_CHUNK for start, end in edges)
    held = np.zeros(len(samples) + 1, np.int8)
    for start, end in edges:
        held[start:end] += 1
    assert held.max() <= 1
    wanted = [(0, len(samples))] if keep_pauses else spans(speech)
    for start, end in wanted:
        lost = (end - start) - int(held[start:end].sum())
        assert lost < MIN_CHUNK * (1 + (end - start) // MAX_CHUNK)


def test_nothing_worth_a_chunk():
    assert cut(recording(2), []) == []
    assert cut(recording(0), [], keep_pauses=True) == []
    assert cut(recording(0.05), at(0, 0.05)) == []


def test_without_speech_all_is_kept_when_pauses_are():
    (chunk,) = cut(recording(2), [], keep_pauses=True)
    assert (chunk.start_s, chunk.end_s) == (0, 2)
    assert chunk.original_s(0.5, 1.5) == (0.5, 1.5)
    assert cut(recording(0.05), [], keep_pauses=True) == []


def test_inaudible_sound_is_left_out():
    assert cut(recording(2) * 1e-5, at(0, 2)) == []
    assert cut(recording(2) * 1e-5, at(0, 2), keep_pauses=True) == []


# Times ----------------------------------------------------------------------------------------


def placed(chunks: Sequence[Chunk], times: Sequence[Sequence[float]]) -> Iterator[Seconds]:
    for chunk in chunks:
        for start_s, end_s in times:
            limit_s = chunk.duration_s
            yield chunk.original_s(min(start_s, limit_s), min(end_s, limit_s))


def test_times_go_back_to_the_recording():
    first, second = cut(recording(60), at(10, 13, 40, 45))
    assert first.original_s(0.9, 2.5) == pytest.approx((10.5, 12.1))
    assert second.original_s(0.9, 2.5) == pytest.approx((40.5, 42.1))


def test_silence_at_the_ends_of_a_chunk_is_no_part_of_a_segment():
    first, second = cut(recording(60), at(10, 13, 40, 45))
    assert first.original_s(0.0, 99.0) == pytest.approx((9.9, 13.1))
    assert second.original_s(0.0, 0.1) == pytest.approx((39.9, 39.9))
    assert second.original_s(5.8, 5.8) == pytest.approx((45.1, 45.1))


def test_speech_that_the_detector_missed_keeps_its_times():
    (chunk,) = cut(recording(20), at(10, 13), keep_pauses=True)
    assert chunk.original_s(2.0, 4.0) == (2.0, 4.0)
    assert chunk.original_s(15.0, 16.0) == (15.0, 16.0)
    assert chunk.original_s(4.0, 12.0) == pytest.approx((9.9, 12.0))


@many
@given(plan=plans, tail_s=gaps_s, times=times_s)
def test_whatever_whisper_says_no_segment_lies_in_a_pause_or_joins_both_sides(
    plan: list[Seconds], tail_s: float, times: list[list[float]]
):
    samples, speech = laid_out(plan, tail_s)
    for start_s, end_s in placed(cut(samples, spans(speech)), times):
        assert 0 <= start_s <= end_s <= len(samples) / SAMPLE_RATE
        for pause_start_s, pause_end_s in long_pauses(speech, len(samples) / SAMPLE_RATE):
            assert end_s <= pause_start_s + QUIET_END_S or start_s >= pause_end_s - QUIET_END_S


@many
@given(plan=plans, tail_s=gaps_s, times=times_s)
def test_with_pauses_kept_no_segment_joins_both_sides_either(
    plan: list[Seconds], tail_s: float, times: list[list[float]]
):
    samples, speech = laid_out(plan, tail_s)
    for start_s, end_s in placed(cut(samples, spans(speech), keep_pauses=True), times):
        assert 0 <= start_s <= end_s <= len(samples) / SAMPLE_RATE
        for pause_start_s, pause_end_s in long_pauses(speech, len(samples) / SAMPLE_RATE):
            assert start_s >= pause_start_s or end_s <= pause_end_s


@many
@given(plan=plans, tail_s=gaps_s, times=st.lists(st.floats(0, 31), min_size=20).map(sorted))
def test_times_keep_their_order(plan: list[Seconds], tail_s: float, times: list[float]):
    samples, speech = laid_out(plan, tail_s)
    moments = [(one, one) for one in times]
    found = list(placed(cut(samples, spans(speech)), moments))
    assert found == sorted(found)


@many
@given(plan=plans, tail_s=gaps_s, place=st.floats(0, 1))
def test_within_speech_a_time_is_only_moved_by_the_start_of_its_chunk(
    plan: list[Seconds], tail_s: float, place: float
):
    samples, speech = laid_out(plan, tail_s)
    for chunk in cut(samples, spans(speech)):
        for stretch in chunk.stretches:
            first, last = (one / SAMPLE_RATE for one in stretch)
            moment_s = first + place * (last - first)
            in_chunk_s = moment_s - chunk.start_s
            assert chunk.original_s(in_chunk_s, in_chunk_s) == pytest.approx((moment_s, moment_s))
