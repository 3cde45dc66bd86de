"""Turns of speakers."""

import numpy as np
import pytest
from made_voices import heard, means

from contract.tasks import SpeechSegment
from transformer.diarization.speakers import Voices, turns
from transformer.diarization.windows import windows_of

TALK = [(0.0, 3.0, 0), (3.4, 7.0, 1), (7.3, 10.0, 0), (10.5, 14.0, 1), (14.5, 18.0, 0)]


def _found(talk, known=None, **asked):
    speech, windows, vectors = heard(talk)
    return turns(speech, windows, Voices(vectors, known or {}), **asked)


def test_speakers_are_letters_in_order_of_their_first_words():
    found = _found(TALK)
    assert [one.speaker for one in found] == ["A", "B", "A", "B", "A"]
    assert [(one.start_s, one.end_s) for one in found] == [(s, e) for s, e, _ in TALK]


def test_one_speaker_s_breaths_do_not_end_a_turn_and_pauses_do():
    found = _found([(0.0, 4.0, 0), (4.2, 8.0, 0), (9.0, 13.0, 0)])
    assert [(one.start_s, one.end_s, one.speaker) for one in found] == [
        (0.0, 8.0, "A"),
        (9.0, 13.0, "A"),
    ]


def test_a_change_without_a_pause_is_found_within_half_a_second():
    speech = [SpeechSegment(0.0, 12.0)]
    windows = windows_of(speech)
    voices = means(2)
    share = np.clip((np.array([one.middle_s for one in windows]) - 5.2) / 1.6, 0, 1)[:, None]
    vectors = (1 - share) * voices[0] + share * voices[1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = turns(speech, windows, Voices(vectors.astype(np.float32)), count=2)
    assert (first.speaker, second.speaker) == ("A", "B")
    assert first.end_s == second.start_s == pytest.approx(6.0, abs=0.5)


def test_a_short_word_goes_to_the_voice_that_it_is_like():
    found = _found([*TALK, (19.0, 19.5, 1)])
    assert [one.speaker for one in found] == ["A", "B", "A", "B", "A", "B"]


def test_known_speakers_are_called_by_their_names_and_strangers_by_letters():
    found = _found(TALK, {"Ann": means(2)[1]})
    assert [one.speaker for one in found] == ["A", "Ann", "A", "Ann", "A"]


def test_a_known_speaker_who_is_silent_is_not_heard():
    found = _found(TALK, {"Ann": means(3)[2]})
    assert {one.speaker for one in found} == {"A", "B"}


def test_a_letter_that_is_somebody_s_name_is_not_given_to_another():
    found = _found(TALK, {"A": means(2)[1]})
    assert [one.speaker for one in found] == ["B", "A", "B", "A", "B"]


def test_where_no_voice_is_heard_all_speech_is_one_speaker_s():
    speech, windows, vectors = heard(TALK)
    found = turns(speech, windows, Voices(np.zeros_like(vectors)))
    assert {one.speaker for one in found} == {"A"}


def test_silence_has_no_turns():
    assert turns([], [], Voices(np.zeros((0, 4), np.float32))) == ()


def test_after_z_comes_a2():
    talk = [(3.0 * i, 3.0 * i + 2.8, i) for i in range(28)]
    found = _found(talk, count=28)
    assert [one.speaker for one in found][24:] == ["Y", "Z", "A2", "B2"]
