"""Audio and embeddings as clients send them."""

from __future__ import annotations

from contract.audio.codec import Audio
from contract.base64_text import from_base64
from contract.embedding import MAX_LEGACY_BYTES, AnyEmbedding, embedding_from_bytes
from contract.errors import InvalidRequest
from ingress.encoding import AudioFormat, encode
from ingress.request_state import RequestState
from ingress.state import AppState
from transport.asgi.settings import MEGABYTE
from transport.decoding.refusals import AudioLimits

SPEECH_RATE = 16_000
"""What recognisers and detectors hear; decoding to it at once keeps long recordings small."""

_QUICK_SAMPLES = 1 << 17
"""Made a WAV file in 0.12 ms."""

_LONGEST_EMBEDDING = 2 * MAX_LEGACY_BYTES
"""Characters of base64, line breaks included."""


def read_embedding(text: str, *, param: str) -> AnyEmbedding:
    if len(text) > _LONGEST_EMBEDDING:
        raise InvalidRequest(f"{param} is longer than an embedding can be", param=param)
    return embedding_from_bytes(from_base64(text, param=param), param=param)


async def read_speech(
    app_state: AppState, state: RequestState, data: bytes | str, *, param: str
) -> Audio:
    """A recording to listen to, at SPEECH_RATE. `data` is a file, as bytes or as base64."""
    limits = _limits(app_state, app_state.settings.max_audio_s)
    return await decoded(app_state, state, data, limits, SPEECH_RATE, param=param)


async def read_voice(app_state: AppState, state: RequestState, data: str, *, param: str) -> Audio:
    """A recording whose sound matters, at its own rate. `data` is a file as base64."""
    limits = _limits(app_state, app_state.settings.max_voice_s)
    return await decoded(app_state, state, data, limits, None, param=param)


async def read_reference(
    app_state: AppState, state: RequestState, data: str, *, param: str
) -> Audio:
    """A recording of a voice to know again, at SPEECH_RATE. `data` is a file as base64."""
    limits = _limits(app_state, app_state.settings.max_voice_s)
    return await decoded(app_state, state, data, limits, SPEECH_RATE, param=param)


def _limits(app_state: AppState, max_seconds: float) -> AudioLimits:
    return AudioLimits(app_state.settings.max_audio_mb * MEGABYTE, max_seconds)


async def decoded(
    app_state: AppState,
    state: RequestState,
    data: bytes | str,
    limits: AudioLimits,
    sample_rate: int | None,
    *,
    param: str,
) -> Audio:
    """A recording at `sample_rate`, or at its own. Raises what Decoders.decode raises."""
    with state.step("decode"):
        if isinstance(data, str):
            data = await app_state.in_thread(from_base64, data, param=param)
        audio = await app_state.decoders.decode(
            data,
            param=param,
            limits=limits,
            sample_rate=sample_rate,
            deadline_s=state.context.deadline_s,
        )
    app_state.hold(state, audio.samples.nbytes)
    state.audio_in_s += audio.duration_s
    return audio


async def write_file(
    app_state: AppState,
    state: RequestState,
    audio: Audio,
    file_format: AudioFormat,
    sample_rate: int | None = None,
) -> bytes:
    """One complete file; a thread there and back would take longer than a short WAV file does."""
    is_quick = file_format is AudioFormat.WAV and sample_rate is None
    with state.step("encode"):
        if is_quick and audio.duration_s * audio.sample_rate <= _QUICK_SAMPLES:
            data = encode(audio, file_format)
        else:
            data = await app_state.in_thread(encode, audio, file_format, sample_rate=sample_rate)
    state.audio_out_s += audio.duration_s
    return data
