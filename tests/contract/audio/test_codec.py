"""Mono audio as the WAV file in which it travels between rooms."""

import numpy as np
import pytest
from signals import tone

from contract.audio.codec import Audio, read_wav, resample, wav_bytes
from contract.errors import InvalidAudio


def test_loud_samples_clip_and_never_wrap():
    loud = Audio(np.float32([2.0, -2.0, 1.0, -1.0, 0.99999]), 16_000)
    values = np.frombuffer(wav_bytes(loud)[44:], "<i2")
    assert values.tolist() == [32767, -32768, 32767, -32768, 32767]


def test_samples_are_rounded_not_cut_off():
    values = np.float32([0.6, -0.6, 0.4, 1.4]) / 32768
    assert np.frombuffer(wav_bytes(Audio(values, 8_000))[44:], "<i2").tolist() == [1, -1, 0, 1]


def test_the_wire_is_exact_for_16_bit_sound():
    values = np.arange(-32768, 32768, dtype=np.int32)
    audio = Audio((values / 32768).astype(np.float32), 22_050)
    back = read_wav(wav_bytes(audio))
    assert back.sample_rate == 22_050
    np.testing.assert_array_equal(back.samples, audio.samples)


def test_what_is_no_wav_is_not_read_as_one():
    with pytest.raises(InvalidAudio, match="reply is no WAV"):
        read_wav(b"ID3", param="reply")


def test_resampling_to_the_same_rate_is_nothing():
    audio = tone(0.1)
    assert resample(audio, 24_000) is audio
