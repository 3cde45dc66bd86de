"""Six formats, as one file and in pieces: what a listener would notice."""

from pathlib import Path

import numpy as np
import pytest
from signals import likeness, tone

from contract.audio.codec import Audio, read_wav, resample
from contract.errors import ModelFailed
from ingress import speaking
from ingress.encoding import AudioFormat, StreamEncoder, encode
from transport.decoding.reading import decode

DATA = Path(__file__).parents[1] / "data"
COMPRESSED = (AudioFormat.MP3, AudioFormat.OPUS, AudioFormat.AAC, AudioFormat.FLAC)


def read(data, **bounds):
    return decode(data, **{"max_bytes": 1 << 24, "max_seconds": 60.0} | bounds)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("format", [*COMPRESSED, AudioFormat.WAV])
def test_every_format_gives_the_sound_back(format, rate):
    meant = tone(2.0, rate)
    heard = read(encode(meant, format), sample_rate=rate)
    padding = 2048 if format is AudioFormat.AAC else 0  # ADTS cannot say what the codec added
    assert 0 <= len(heard.samples) - len(meant.samples) <= padding
    assert likeness(heard.samples, meant.samples) > 0.99
    assert np.abs(heard.samples).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("format", [AudioFormat.MP3, AudioFormat.OPUS, AudioFormat.AAC])
def test_speech_is_small_and_sounds_as_it_was(format):
    """64 kbit/s at 24 kHz, the spectrum within two decibels where there is sound."""
    spoken = resample(read((DATA / "jfk.flac").read_bytes()), 24_000)
    data = encode(spoken, format)
    assert len(data) * 8 / spoken.duration_s < 70_000
    levels = [spectrum_db(one.samples) for one in (spoken, read(data, sample_rate=24_000))]
    assert np.abs(levels[0] - levels[1]).mean() < 2


def spectrum_db(samples):
    """[bands]: mean power in each of 60 bands of 100 Hz, where speech is."""
    power = np.abs(np.fft.rfft(samples, 24_000 * 12)) ** 2
    return 10 * np.log10(power[: 60 * 1200].reshape(60, -1).mean(axis=1))


@pytest.mark.parametrize("format", [*COMPRESSED, AudioFormat.WAV])
def test_the_end_is_neither_cut_nor_clicks(format):
    """A tone, then silence, then a last short tone: all three must be heard, and nothing else."""
    quiet = np.zeros(12_000, np.float32)
    meant = np.concatenate([tone(1.0).samples, quiet, tone(0.1, hertz=1000).samples])
    heard = read(encode(Audio(meant, 24_000), format), sample_rate=24_000).samples
    lag = 1024 if format is AudioFormat.AAC else 0
    heard = heard[lag:]
    assert np.abs(heard[24_600:35_400]).max() < 0.02
    assert np.sqrt(np.mean(heard[36_000 : len(meant)] ** 2)) == pytest.approx(0.35, abs=0.04)
    assert np.abs(heard[len(meant) + 200 :]).max(initial=0) < 0.05


@pytest.mark.parametrize("size", [1, 777, 24_000])
@pytest.mark.parametrize("format", AudioFormat)
def test_pieces_join_to_one_file(format, size):
    meant = tone(0.2 if size == 1 else 2.0)
    encoder = StreamEncoder(format, meant.sample_rate)
    pieces = [
        encoder.push(meant.samples[at : at + size]) for at in range(0, len(meant.samples), size)
    ]
    joined = b"".join([*pieces, encoder.finish()])
    whole = encode(meant, format)
    if format in (AudioFormat.OPUS, AudioFormat.AAC, AudioFormat.PCM):
        assert joined == whole
        return
    if format is AudioFormat.WAV:
        assert joined[44:] == whole[44:]
        assert joined.count(b"RIFF") == 1
        assert joined[4:8] == joined[40:44] == b"\xff" * 4
    heard, once = read(joined), read(whole)
    delay = 1_600 if format is AudioFormat.MP3 else 0  # without a Xing frame nobody can trim it
    assert 0 <= len(heard.samples) - len(once.samples) <= delay
    assert likeness(heard.samples, meant.samples) > 0.98


def test_pieces_are_resampled_as_one():
    meant = tone(1.0, 22_050)
    encoder = StreamEncoder(AudioFormat.PCM, 22_050)
    joined = b"".join(
        [*(encoder.push(part) for part in np.array_split(meant.samples, 37)), encoder.finish()]
    )
    assert encoder.output_rate == 24_000
    assert joined == encode(meant, AudioFormat.PCM)
    assert len(joined) == 2 * 24_000


@pytest.mark.parametrize("format", COMPRESSED)
def test_a_stream_starts_before_its_end_is_known(format):
    encoder = StreamEncoder(format, 24_000)
    early = b"".join(encoder.push(tone(0.5).samples) for _ in range(2))
    assert read(early).duration_s > 0.5
    encoder.finish()


def test_a_stream_can_be_sent_at_a_chosen_rate():
    encoder = StreamEncoder(AudioFormat.WAV, 24_000, output_rate=8_000)
    heard = read(encoder.push(tone().samples) + encoder.finish())
    assert (heard.sample_rate, len(heard.samples)) == (8_000, 8_000)
    pcm = StreamEncoder(AudioFormat.PCM, 24_000, output_rate=8_000)
    assert len(pcm.push(tone().samples) + pcm.finish()) == 16_000


def test_pcm_is_24_khz_whatever_the_model_gives():
    assert len(encode(tone(1.0, 16_000), AudioFormat.PCM)) == 2 * 24_000
    assert len(encode(tone(1.0, 16_000), AudioFormat.PCM, sample_rate=16_000)) == 2 * 16_000


def test_encoding_can_be_told_a_rate():
    assert read(encode(tone(), AudioFormat.WAV, sample_rate=8_000)).sample_rate == 8_000


@pytest.mark.parametrize("format", AudioFormat)
def test_samples_that_are_no_numbers_are_an_error_of_the_model(format):
    with pytest.raises(ModelFailed):
        encode(Audio(np.float32([0, np.nan]), 24_000), format)


@pytest.mark.parametrize("format", AudioFormat)
def test_no_sound_at_all_still_makes_a_file(format):
    data = encode(Audio(np.zeros(0, np.float32), 24_000), format)
    assert format is AudioFormat.PCM or isinstance(data, bytes)
    encoder = StreamEncoder(format, 24_000)
    assert isinstance(encoder.finish(), bytes)


def test_every_format_has_its_media_type():
    types = {format.value: format.content_type for format in AudioFormat}
    assert types["mp3"] == "audio/mpeg"
    assert types["opus"] == "audio/ogg"
    assert all(kind.startswith("audio/") for kind in types.values())
    assert len(set(types.values())) == len(AudioFormat)


def test_a_predictor_s_wav_file_goes_on_as_it_came() -> None:
    """Neither decoded nor encoded again, alone or as the only piece of a speech."""
    file = encode(tone(2.0, 24_000), AudioFormat.WAV)
    answered = read_wav(file)
    assert encode(speaking.joined([answered]), AudioFormat.WAV) is file
