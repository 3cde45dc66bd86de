"""Cutting recordings, and finding the way back to their own times."""

import numpy as np
import pytest

from predictors.models.whisper.chunks import MAX_CHUNK, SAMPLE_RATE, cut


def recording(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(-0.5, 0.5, round(seconds * SAMPLE_RATE)).astype(np.float32)


def at(*seconds: float) -> list[tuple[int, int]]:
    samples = [round(one * SAMPLE_RATE) for one in seconds]
    return list(zip(samples[::2], samples[1::2], strict=True))


def test_pieces_share_a_chunk_until_it_is_full():
    chunks = cut(recording(100), at(0, 10, 12, 30, 40, 55))
    assert [chunk.pieces for chunk in chunks] == [
        tuple(at(0, 10, 12, 30)),
        tuple(at(40, 55)),
    ]
    assert [chunk.duration_s for chunk in chunks] == [28, 15]


def test_samples_of_a_chunk_are_those_of_its_pieces():
    samples = recording(10)
    (chunk,) = cut(samples, at(1, 2, 5, 7))
    np.testing.assert_array_equal(
        chunk.samples,
        np.concatenate(
            [samples[SAMPLE_RATE : 2 * SAMPLE_RATE], samples[5 * SAMPLE_RATE : 7 * SAMPLE_RATE]]
        ),
    )


def test_long_speech_is_cut_where_it_is_quietest():
    samples = recording(50)
    samples[25 * SAMPLE_RATE : 26 * SAMPLE_RATE] *= 0.01
    first, second = cut(samples, at(0, 50))
    assert 25 < first.end_s < 26
    assert second.start_s == first.end_s
    assert second.end_s == 50


def test_every_chunk_fits_the_encoder_and_nothing_is_lost():
    chunks = cut(recording(301.7), at(0, 301.7))
    assert all(len(chunk.samples) <= MAX_CHUNK for chunk in chunks)
    edges = [chunk.pieces for chunk in chunks]
    assert edges[0][0][0] == 0
    assert sum(end - start for pieces in edges for start, end in pieces) == len(recording(301.7))


def test_times_go_back_to_the_recording():
    (chunk,) = cut(recording(60), at(10, 13, 40, 45))
    assert chunk.original_span_s(0.5, 2.5) == (10.5, 12.5)
    assert chunk.original_span_s(1.0, 4.0) == (11.0, 41.0)  # over the seam
    assert chunk.original_span_s(3.0, 8.0) == (40.0, 45.0)  # a start at the seam is behind it
    assert chunk.original_span_s(0.0, 3.0) == (10.0, 13.0)  # an end at the seam is before it
    assert chunk.original_span_s(0.0, 99.0) == (10.0, 45.0)


def test_a_word_stays_in_the_piece_that_holds_its_middle():
    (chunk,) = cut(recording(60), at(10, 13, 40, 45))
    assert chunk.original_word_s(2.5, 3.3) == (12.5, 13.0)
    assert chunk.original_word_s(2.9, 3.5) == (40.0, 40.5)


@pytest.mark.parametrize("spans", [[], at(0, 0), at(1, 1.05)])
def test_nothing_worth_a_chunk(spans: list[tuple[int, int]]):
    assert cut(recording(2), spans) == []


def test_inaudible_sound_is_left_out():
    assert cut(recording(2) * 1e-5, at(0, 2)) == []
