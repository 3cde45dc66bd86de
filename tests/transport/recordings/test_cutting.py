"""Long recordings are cut at pauses, into pieces of bounded length that cover all of them."""

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.tasks import SpeechSegment
from transport.recordings.cutting import cut_at_pauses

RATE = 16_000


def noise(seconds):
    return np.random.default_rng(0).uniform(0.2, 0.5, round(seconds * RATE)).astype(np.float32)


def ends_of(pieces):
    return [one.start_s + one.audio.duration_s for one in pieces]


def test_the_longest_pause_of_the_second_half_ends_a_piece():
    speech = [SpeechSegment(0, 4), SpeechSegment(5, 6), SpeechSegment(6.4, 8), SpeechSegment(9, 19)]
    pieces = cut_at_pauses(Audio(noise(19), RATE), speech, 10.0)
    assert [one.start_s for one in pieces] == pytest.approx([0, 8.5, 14], abs=1.5)
    assert 8 < pieces[1].start_s < 9


@pytest.mark.parametrize("seconds", [5.0, 10.0, 10.5, 61.3])
def test_pieces_cover_the_recording_and_none_is_too_long(seconds):
    audio = Audio(noise(seconds), RATE)
    pieces = cut_at_pauses(audio, [SpeechSegment(0, seconds)], 10.0)
    assert np.array_equal(np.concatenate([one.audio.samples for one in pieces]), audio.samples)
    assert max(one.audio.duration_s for one in pieces) <= 10.0
    assert [one.start_s for one in pieces][1:] == pytest.approx(ends_of(pieces)[:-1])


def test_where_nobody_pauses_the_quietest_place_ends_a_piece():
    samples = noise(15)
    samples[7 * RATE : 7 * RATE + RATE // 5] *= 0.01
    pieces = cut_at_pauses(Audio(samples, RATE), [SpeechSegment(0, 15)], 10.0)
    assert 7.0 <= pieces[1].start_s <= 7.2


def test_a_long_silence_is_cut_in_its_middle_as_far_as_a_piece_reaches():
    speech = [SpeechSegment(0, 8), SpeechSegment(28, 30)]
    pieces = cut_at_pauses(Audio(noise(30), RATE), speech, 10.0)
    assert all(8 < one.start_s < 28 for one in pieces[1:])


def test_pieces_begin_at_whole_windows_of_the_detector():
    pieces = cut_at_pauses(Audio(noise(35), RATE), [SpeechSegment(0, 35)], 10.0)
    assert all(round(one.start_s * RATE) % 512 == 0 for one in pieces)


def test_silence_is_cut_too():
    pieces = cut_at_pauses(Audio(np.zeros(25 * RATE, np.float32), RATE), [], 10.0)
    assert ends_of(pieces)[-1] == 25.0
    assert max(one.audio.duration_s for one in pieces) <= 10.0
