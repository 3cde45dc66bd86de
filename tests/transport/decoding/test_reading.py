"""Audio in any container and of any quality comes in."""

import contextlib
import io
import struct
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from signals import likeness, tone

from contract.audio.codec import Audio, resample, wav_bytes
from contract.audio.wav import layout_of
from contract.errors import InvalidAudio, PayloadTooLarge
from ingress.encoding import AudioFormat, encode
from transport.decoding.reading import decode

JFK = Path(__file__).parents[2] / "data" / "jfk.flac"


def read(data, **bounds):
    return decode(data, **{"max_bytes": 1 << 24, "max_seconds": 60.0} | bounds)


def wav(body, tag, bits, channels=1, rate=16_000, before=b"", claimed=None):
    frame = channels * bits // 8
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * frame, frame, bits)
    size = len(body) if claimed is None else claimed
    chunks = b"WAVE" + before + form + struct.pack("<4sI", b"data", size) + body
    return struct.pack("<4sI", b"RIFF", len(chunks)) + chunks


def rifx(body, tag, bits, rate=16_000):
    """The same as SGI's and old Macintosh programs write it: every number in the other order."""
    frame = bits // 8
    form = struct.pack(">4sIHHIIHH", b"fmt ", 16, tag, 1, rate, rate * frame, frame, bits)
    chunks = b"WAVE" + form + struct.pack(">4sI", b"data", len(body)) + body
    return struct.pack(">4sI", b"RIFX", len(chunks)) + chunks


def contained(audio, container, codec, *, layout="mono", rate=None, with_sound=True, video=False):
    """A file as another program would write it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        if video:
            picture = out.add_stream("mpeg4", rate=10)
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
        if with_sound:
            sound = out.add_stream(codec, rate=rate or audio.sample_rate, layout=layout)
            channels = 2 if layout == "stereo" else 1
            samples = np.repeat(audio.samples, channels).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(samples, "flt", layout)
            frame.sample_rate, frame.pts = audio.sample_rate, 0
            frame.time_base = Fraction(1, audio.sample_rate)
            out.mux(sound.encode(frame))
            out.mux(sound.encode(None))
        if video:
            for _ in range(5):
                out.mux(picture.encode(av.VideoFrame(32, 32, "yuv420p")))
            out.mux(picture.encode(None))
    return file.getvalue()


# Decode -------------------------------------------------------------------------------------

WAVS = {
    "8 bit": (1, 8, lambda x: (x * 127 + 128).astype("u1"), 0.02),
    "16 bit": (1, 16, lambda x: (x * 32767).astype("<i2"), 1e-4),
    "24 bit": (
        1,
        24,
        lambda x: (x * (2**23 - 1)).astype("<i4").view("u1").reshape(-1, 4)[:, :3],
        1e-6,
    ),
    "32 bit": (1, 32, lambda x: (x * (2**31 - 1)).astype("<i4"), 1e-6),
    "float": (3, 32, lambda x: x.astype("<f4"), 1e-7),
    "double": (3, 64, lambda x: x.astype("<f8"), 1e-7),
}


@pytest.mark.parametrize("kind", WAVS)
def test_reads_every_spelling_of_wav_samples(kind):
    tag, bits, spell, tolerance = WAVS[kind]
    meant = tone(0.1, 16_000)
    heard = read(wav(spell(meant.samples.astype(float)).tobytes(), tag, bits))
    assert heard.sample_rate == 16_000
    np.testing.assert_allclose(heard.samples, meant.samples, atol=tolerance)


@pytest.mark.parametrize(("tag", "bits", "spelled"), [(1, 16, ">i2"), (3, 32, ">f4")])
def test_reads_wav_of_the_other_byte_order(tag, bits, spelled):
    meant = tone(0.1, 16_000)
    samples = meant.samples * 32767 if tag == 1 else meant.samples
    heard = read(rifx(samples.astype(spelled).tobytes(), tag, bits))
    np.testing.assert_allclose(heard.samples, meant.samples, atol=1e-4)


def test_what_ffmpeg_would_read_in_the_wrong_byte_order_is_refused():
    with pytest.raises(InvalidAudio, match="its codec is not supported"):
        read(rifx(tone(0.1, 16_000).samples.astype(">f8").tobytes(), 3, 64))


@pytest.mark.parametrize(("before", "padding"), [(b"INFOabc", b""), (b"INFOabc", b"x")])
@pytest.mark.parametrize("name", [b"LIST", b"note"])
def test_a_chunk_of_odd_length_may_lack_its_padding(name, before, padding):
    samples = np.arange(100, dtype="<i2")
    odd = name + struct.pack("<I", len(before)) + before + padding
    body = samples.tobytes()
    whole = wav(body, 1, 16)
    data = whole[:12] + odd + whole[12:]
    np.testing.assert_allclose(read(data).samples, samples / 32768, atol=1e-6)


@pytest.mark.parametrize("bits", [16, 24, 32])
def test_floats_that_are_undivided_integers_are_heard(bits):
    meant = tone(0.1, 16_000)
    quiet = np.concatenate(
        [np.zeros(300_000, np.float32), meant.samples]
    )  # blocks of silence first
    heard = read(wav((quiet * 2.0 ** (bits - 1)).astype("<f4").tobytes(), 3, 32))
    np.testing.assert_allclose(heard.samples, quiet, atol=1e-6)


def test_floats_a_little_beyond_full_scale_are_only_loud():
    loud = tone(0.1, 16_000).samples * 8
    heard = read(wav(loud.astype("<f4").tobytes(), 3, 32))
    np.testing.assert_array_equal(heard.samples, loud)


@pytest.mark.parametrize("kind", WAVS)
def test_agrees_with_ffmpeg_about_wav(kind):
    """The fast path and FFmpeg must hear the same; a WAVE64 wrapper forces the latter."""
    tag, bits, spell, _ = WAVS[kind]
    body = spell(tone(0.1, 16_000).samples.astype(float)).tobytes()
    codec = (
        {8: "pcm_u8", 16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_s32le"}[bits] if tag == 1 else None
    )
    codec = codec or {32: "pcm_f32le", 64: "pcm_f64le"}[bits]
    file = io.BytesIO()
    with (
        av.open(file, "w", format="w64") as out,
        av.open(io.BytesIO(wav(body, tag, bits))) as source,
    ):
        sink = out.add_stream_from_template(source.streams.audio[0])
        assert source.streams.audio[0].codec.name == codec
        for packet in source.demux(audio=0):
            if packet.size:
                packet.stream = sink
                out.mux(packet)
    np.testing.assert_array_equal(read(file.getvalue()).samples, read(wav(body, tag, bits)).samples)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("flac", "flac"),
        ("ogg", "libopus"),
        ("ogg", "flac"),
        ("mp3", "libmp3lame"),
        ("mp4", "aac"),
        ("ipod", "alac"),
        ("webm", "libopus"),
        ("matroska", "flac"),
        ("adts", "aac"),
        ("aiff", "pcm_s16be"),
        ("au", "pcm_s16be"),
        ("caf", "pcm_s16le"),
        ("wav", "pcm_alaw"),
        ("mpegts", "aac"),
    ],
)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_reads_any_container(container, codec, layout):
    meant = tone(1.0, 48_000)
    heard = read(contained(meant, container, codec, layout=layout), sample_rate=16_000)
    assert heard.sample_rate == 16_000
    assert heard.duration_s == pytest.approx(1.0, abs=0.08)
    assert likeness(heard.samples, resample(meant, 16_000).samples) > 0.98
    assert np.sqrt(np.mean(heard.samples**2)) == pytest.approx(0.354, abs=0.03)


def test_reads_the_sound_of_a_video():
    heard = read(contained(tone(), "mp4", "aac", video=True))
    assert heard.duration_s == pytest.approx(1.0, abs=0.1)


def several_tracks(container, *tracks):
    """Each track a codec, its sound and whether players choose it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        streams = [out.add_stream(codec, rate=44_100, layout="mono") for codec, _, _ in tracks]
        for stream, (_, _, is_default) in zip(streams, tracks, strict=True):
            stream.disposition = Disposition.default if is_default else Disposition(0)
        for stream, (_, audio, _) in zip(streams, tracks, strict=True):
            frame = av.AudioFrame.from_ndarray(audio.samples[None], "flt", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 44_100, 0, Fraction(1, 44_100)
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return file.getvalue()


@pytest.mark.parametrize("container", ["mp4", "matroska"])
@pytest.mark.parametrize("chosen", [0, 1])
def test_of_several_tracks_the_default_one_is_heard(container, chosen):
    sounds = [Audio(np.zeros(44_100, np.float32), 44_100)] * 2
    sounds[chosen] = tone(1.0, 44_100)
    tracks = [("aac", sound, number == chosen) for number, sound in enumerate(sounds)]
    heard = read(several_tracks(container, *tracks))
    assert np.sqrt(np.mean(heard.samples**2)) == pytest.approx(0.354, abs=0.03)


def test_a_track_that_cannot_be_decoded_is_passed_over():
    sound = tone(1.0, 44_100)
    file = several_tracks("avi", ("adpcm_swf", sound, True), ("libmp3lame", sound, False))
    heard = read(file)
    assert np.sqrt(np.mean(heard.samples**2)) == pytest.approx(0.354, abs=0.03)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (contained(tone(2.0), "mp4", "aac")[:-2000], "breaks off before its index"),
        (contained(tone(), "flv", "adpcm_swf", rate=22_050), "its codec is not supported"),
        (contained(tone(), "mp4", "aac", video=True, with_sound=False), "with sound"),
        (b"not a sound" * 99, "or damaged; send wav"),
    ],
    ids=["recording cut off", "codec", "silent film", "text"],
)
def test_a_refusal_says_what_to_do(file, words):
    with pytest.raises(InvalidAudio, match=words):
        read(file)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 96_000, 192_000])
def test_reads_every_usual_rate(rate):
    heard = read(wav_bytes(tone(0.5, rate)), sample_rate=16_000)
    assert len(heard.samples) == pytest.approx(8_000, abs=1)
    assert likeness(heard.samples, tone(0.5, 16_000).samples) > 0.99


def test_a_real_recording_is_as_long_as_it_was():
    speech = read(JFK.read_bytes())
    assert speech.sample_rate == 44_100
    assert speech.duration_s == pytest.approx(11.0, abs=0.01)


def test_channels_are_averaged():
    pairs = np.array([[16384, 0], [-16384, -16384]], "<i2")
    heard = read(wav(pairs.tobytes(), 1, 16, channels=2))
    np.testing.assert_array_equal(heard.samples, np.float32([0.25, -0.5]))


@pytest.mark.parametrize(("tag", "bits", "kind"), [(1, 16, "<i2"), (3, 32, "<f4"), (1, 8, "u1")])
def test_a_channel_that_is_upside_down_does_not_silence_the_other(tag, bits, kind):
    speech = tone(0.5, 16_000).samples
    pairs = np.stack([speech, -speech], axis=1)
    if kind != "<f4":
        pairs = pairs * (2 ** (bits - 1) - 1) + (128 if bits == 8 else 0)
    heard = read(wav(pairs.astype(kind).tobytes(), tag, bits, channels=2))
    np.testing.assert_allclose(heard.samples, speech, atol=0.02)


def test_chunks_that_we_do_not_know_are_skipped():
    extra = b"LIST" + struct.pack("<I", 3) + b"abc\0" + b"bext" + struct.pack("<I", 2) + b"xy"
    body = np.arange(100, dtype="<i2").tobytes()
    assert len(read(wav(body, 1, 16, before=extra)).samples) == 100


def test_extensible_wav_is_read_as_what_it_extends():
    sub_format = struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<HHIIHHHHI", 0xFFFE, 1, 16_000, 32_000, 2, 16, 22, 16, 4) + sub_format
    body = np.arange(50, dtype="<i2").tobytes()
    chunks = b"WAVEfmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(body)) + body
    heard = read(b"RIFF" + struct.pack("<I", len(chunks)) + chunks)
    np.testing.assert_array_equal(heard.samples * 32768, np.arange(50))


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 1 << 30])
def test_a_wav_of_unknown_length_lasts_until_the_file_ends(claimed):
    body = np.arange(100, dtype="<i2").tobytes()
    assert len(read(wav(body, 1, 16, claimed=claimed)).samples) == 100


@pytest.mark.parametrize("riff_bytes", [0, 36, 0xFFFFFFFF])
@pytest.mark.parametrize("claimed", [0, 0xFFFFFFFF])
def test_a_wav_that_was_streamed_is_read_to_its_end(claimed, riff_bytes):
    """Its writer could not go back to fill in the lengths: libsndfile, FFmpeg, microcontrollers."""
    whole = bytearray(wav(np.arange(5000, dtype="<i2").tobytes(), 1, 16, claimed=claimed))
    whole[4:8] = struct.pack("<I", riff_bytes)
    heard = read(bytes(whole))
    np.testing.assert_array_equal(heard.samples * 32768, np.arange(5000))


def test_no_data_before_other_chunks_is_no_sound():
    """The file's own length says that what follows belongs to it: the data chunk is empty."""
    tail = b"LIST" + struct.pack("<I", 8) + b"INFOabcd"
    empty = bytearray(wav(b"", 1, 16) + tail)
    empty[4:8] = struct.pack("<I", len(empty) - 8)
    with pytest.raises(InvalidAudio, match="length is zero"):
        read(bytes(empty))


def test_one_sample_and_silence_are_sound():
    assert len(read(wav(b"\1\0", 1, 16)).samples) == 1
    assert not read(wav(bytes(3200), 1, 16)).samples.any()


@pytest.mark.parametrize("format", ["wav", "flac", "mp3", "opus", "aac"])
def test_a_file_that_breaks_off_gives_what_is_there(format, capfd):
    whole = encode(tone(4.0), AudioFormat(format))
    heard = read(whole[: len(whole) // 2])
    assert 1.0 < heard.duration_s < 3.0
    assert (
        likeness(heard.samples, resample(tone(heard.duration_s), heard.sample_rate).samples) > 0.9
    )
    assert capfd.readouterr() == ("", "")


def test_damage_in_the_middle_loses_only_the_middle():
    whole = bytearray(encode(tone(4.0), AudioFormat.MP3))
    middle = len(whole) // 2
    whole[middle : middle + 3000] = b"\0" * 3000
    assert read(bytes(whole)).duration_s == pytest.approx(4.0, abs=0.5)


def test_a_wav_of_a_thousand_chunks_is_still_found():
    """FFmpeg reads it, in a process that may be ended: skipping chunks takes time for each."""
    extra = (b"junk" + struct.pack("<I", 2) + b"ab") * 1000
    body = np.arange(100, dtype="<i2").tobytes()
    assert layout_of(wav(body, 1, 16, before=extra)) is None
    assert len(read(wav(body, 1, 16, before=extra)).samples) == 100


NO_AUDIO = {
    "empty": b"",
    "text": b"hello there, this is no audio file at all" * 50,
    "zeros": bytes(10_000),
    "noise": np.random.default_rng(1).bytes(20_000),
    "png": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "json": b'{"audio": "no"}',
    "bare RIFF": b"RIFF",
    "wav without data": wav(b"", 1, 16)[:36],
    "wav of zero length": wav(b"", 1, 16),
    "wav of no channels": wav(b"abcd", 1, 16, channels=0),
    "wav of nine channels": wav(bytes(180), 1, 16, channels=9),
    "wav of 30,000 channels": wav(bytes(120_000), 1, 16, channels=30_000),
    "wav at 0 Hz": wav(b"abcd", 1, 16, rate=0),
    "wav at 2 GHz": wav(b"abcd", 1, 16, rate=2_000_000_000),
    "NaN": wav(np.float32([0, np.nan]).tobytes(), 3, 32),
    "infinity": wav(np.float32([0, np.inf]).tobytes(), 3, 32),
    "beyond float32": wav(np.float64([0, 1e300]).tobytes(), 3, 64),
    "far too loud": wav(np.float32([0, 1e30]).tobytes(), 3, 32),
    "NaN through FFmpeg": contained(Audio(np.full(9, np.nan, "f4"), 8000), "caf", "pcm_f32le"),
    "video without sound": contained(tone(), "mp4", "aac", video=True, with_sound=False),
    "m4a without its index": contained(tone(), "mp4", "aac")[:2000],
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n",
    "list of files": b"ffconcat version 1.0\nfile /etc/hostname\n",
}


@pytest.mark.parametrize("name", NO_AUDIO)
def test_what_is_no_sound_is_refused_in_our_words(name, capfd):
    with pytest.raises(InvalidAudio) as error:
        read(NO_AUDIO[name], param="input_audio")
    assert error.value.param == "input_audio"
    assert error.value.message.startswith("input_audio ")
    assert not any(
        word in error.value.message for word in ("Errno", "Invalid data", "ffmpeg", "av.")
    )
    assert capfd.readouterr() == ("", "")


def test_too_many_bytes_are_refused_unread():
    with pytest.raises(PayloadTooLarge, match="the most is 100") as error:
        read(bytes(101), max_bytes=100)
    assert error.value.param == "audio"


def test_a_small_file_that_lasts_for_hours_is_stopped_on_the_way():
    hour = Audio(np.zeros(3600 * 8_000, np.float32), 8_000)
    small = encode(hour, AudioFormat.FLAC)
    assert len(small) < len(hour.samples) / 40
    tracemalloc.start()
    with pytest.raises(PayloadTooLarge, match="longer than 30 seconds"):
        read(small, max_seconds=30)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2 * 30 * 8_000 * 4


def test_a_long_wav_is_refused_by_its_header():
    with pytest.raises(PayloadTooLarge, match="longer than 1 seconds"):
        read(wav_bytes(tone(1.01)), max_seconds=1)


def test_decoding_can_be_told_another_rate_without_a_seam():
    at_once = resample(tone(2.0, 44_100), 16_000)
    framed = read(contained(tone(2.0, 44_100), "flac", "flac"), sample_rate=16_000)
    np.testing.assert_allclose(framed.samples, at_once.samples, atol=1e-3)


@pytest.mark.parametrize("container", ["flac", "ogg", "mp3", "mp4", "webm", "adts", "aiff", "wav"])
def test_damage_anywhere_is_sound_or_a_clear_refusal(container, capfd):
    codecs = {"ogg": "libopus", "webm": "libopus", "mp3": "libmp3lame", "flac": "flac"}
    codecs |= {"mp4": "aac", "adts": "aac", "aiff": "pcm_s16be", "wav": "pcm_s24le"}
    whole = contained(tone(0.3, 48_000), container, codecs[container])
    chance = np.random.default_rng(7)
    for _ in range(60):
        damaged = bytearray(whole[: chance.integers(1, len(whole) + 1)])
        for at in chance.integers(0, min(len(damaged), 400), 6):
            damaged[at] = chance.integers(256)
        with contextlib.suppress(InvalidAudio, PayloadTooLarge):
            assert len(read(bytes(damaged)).samples)
    assert capfd.readouterr() == ("", "")
