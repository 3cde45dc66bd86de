"""Voices found among windows."""

import numpy as np
import pytest
from made_voices import heard, means

from transformer.diarization.clustering import USUAL_DISTANCE, find_voices


def _conversation(voices, turns=18, seconds=3.0):
    return [(4.0 * i, 4.0 * i + seconds, i % voices) for i in range(turns)]


def _found(turns, count=None, **kwargs):
    _, windows, vectors = heard(turns, **kwargs)
    return find_voices(vectors, windows, USUAL_DISTANCE, count)


@pytest.mark.parametrize("voices", [1, 2, 3, 4, 5])
def test_as_many_voices_are_found_as_speak(voices):
    found = _found(_conversation(voices))
    assert len(found) == voices
    assert ((found @ means(voices).T).max(axis=0) > 0.95).all()


@pytest.mark.parametrize("noise", [0.01, 0.08])
def test_neither_clear_nor_noisy_voices_are_miscounted(noise):
    assert len(_found(_conversation(2), noise=noise)) == 2


def test_a_known_number_is_believed():
    assert len(_found(_conversation(3), count=2)) == 2
    assert len(_found(_conversation(2), count=1)) == 1


def test_one_odd_sound_is_no_speaker():
    turns = [*_conversation(2), (90.0, 91.4, 2)]
    assert len(_found(turns)) == 2


def test_speech_in_short_words_alone_still_has_a_voice():
    assert len(_found([(2.0 * i, 2.0 * i + 0.5, 0) for i in range(6)])) == 1


def test_without_a_voice_there_is_none():
    _, windows, vectors = heard(_conversation(1))
    assert len(find_voices(np.zeros_like(vectors), windows, USUAL_DISTANCE)) == 0


def test_an_hour_of_two_is_two():
    """More windows than are clustered; the distances of all would take a gigabyte."""
    found = _found([(12.0 * i, 12.0 * i + 11, i % 2) for i in range(300)])
    assert len(found) == 2
