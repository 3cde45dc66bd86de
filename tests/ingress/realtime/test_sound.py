"""Sound of every format becomes the same samples."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from clips import jfk
from realtime_server import as_base64, session, sound, until

from ingress.realtime.sound import InputDecoder, InputFormat, SoundBuffer

CODECS = {InputFormat.MU_LAW: "pcm_mulaw", InputFormat.A_LAW: "pcm_alaw"}
COMPLETED = "conversation.item.input_audio_transcription.completed"


def g711(samples: np.ndarray, form: InputFormat) -> bytes:
    """8 kHz int16 as FFmpeg encodes it."""
    encoder = av.CodecContext.create(CODECS[form], "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8000, "mono", "s16"
    encoder.time_base = Fraction(1, 8000)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = 8000
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def decoded_by_ffmpeg(data: bytes, form: InputFormat) -> np.ndarray:
    decoder = av.CodecContext.create(CODECS[form], "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    frames = decoder.decode(av.Packet(data))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


@pytest.mark.parametrize("form", list(CODECS))
def test_every_code_of_g711_is_what_ffmpeg_says(form: InputFormat) -> None:
    codes = bytes(range(256))
    decoder = InputDecoder(form, 8000)
    assert decoder.samples(codes).tolist() == decoded_by_ffmpeg(codes, form).tolist()


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 44_100, 48_000])
def test_a_stream_keeps_its_length_and_its_loudness(rate: int) -> None:
    speech = (jfk(rate) * 32767).astype("<i2")
    decoder = InputDecoder(InputFormat.PCM, rate)
    data = speech.tobytes()
    pieces = [decoder.decode(data[at : at + 999]) for at in range(0, len(data), 999)]
    heard = np.concatenate([*pieces, decoder.finish()])
    assert len(heard) == pytest.approx(len(speech) * 16_000 / rate, abs=2)
    loudness = [float(np.sqrt(np.mean(one.astype(float) ** 2))) for one in (speech, heard)]
    assert loudness[1] == pytest.approx(loudness[0], rel=0.05)


def test_a_decoder_begins_anew_after_its_end() -> None:
    decoder = InputDecoder(InputFormat.PCM, 24_000)
    lengths = []
    for _ in range(2):
        first = decoder.decode(bytes(4801))  # half a sample is left over
        lengths.append(len(first) + len(decoder.finish()))
    assert lengths == [1600, 1600]


def test_a_buffer_keeps_its_places() -> None:
    buffer = SoundBuffer()
    buffer.append(np.arange(1000, dtype=np.int16))
    buffer.discard_before(300)
    buffer.append(np.arange(1000, 1100, dtype=np.int16))
    assert (buffer.start, buffer.end) == (300, 1100)
    heard = buffer.audio(900, 1050).samples * 32768
    assert heard.tolist() == list(range(900, 1050))
    assert len(buffer.audio(0, 400).samples) == 100
    buffer.discard_before(9999)
    assert (buffer.start, buffer.end) == (1100, 1100)
    assert len(buffer.audio(0, 9999).samples) == 0


@pytest.mark.parametrize("form", list(InputFormat))
async def test_a_session_hears_every_format(url: str, form: InputFormat) -> None:
    rate = 24_000 if form is InputFormat.PCM else 8000
    samples = np.concatenate([sound(0.5, 0, rate), sound(1.5, 0.3, rate), sound(0.5, 0, rate)])
    data = samples.tobytes() if form is InputFormat.PCM else g711(samples, form)
    fields = {"format": {"type": form.value}, "turn_detection": None}
    async with session(url, **fields) as connection:
        for start in range(0, len(data), 1000):
            piece = as_base64(data[start : start + 1000])
            await connection.input_audio_buffer.append(audio=piece)
        await connection.input_audio_buffer.commit()
        completed = (await until(connection, COMPLETED))[-1]
    assert completed.transcript == "one two three"
    assert completed.usage.seconds == pytest.approx(2.4, abs=0.2)
