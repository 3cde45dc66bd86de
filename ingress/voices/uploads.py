"""Recordings of voices and consents as clients upload them."""

from __future__ import annotations

import numpy as np

from contract.audio.codec import Audio, wav_bytes
from contract.errors import InvalidAudio, InvalidRequest
from ingress.media import decoded
from ingress.openai.forms import Upload
from ingress.request_state import RequestState
from ingress.state import AppState
from ingress.wording import quoted
from transport.asgi.settings import MEGABYTE
from transport.decoding.refusals import AudioLimits

_MAX_BYTES = 10 * MEGABYTE
"""OpenAI's limit (openai-python types/audio/voice_consent_create_params.py)."""
_KEPT_RATE = 24_000
"""Hz. Encoders of speakers listen at 16 and 22.05 kHz."""
_SILENT_PEAK = 1e-3
"""-60 dBFS: below a whisper."""
_OTHER_TYPES = frozenset({"", "application/octet-stream", "application/ogg", "application/mp4"})
_FORMATS = "mp3, wav, ogg, aac, flac, webm or mp4"


async def read_recording(
    app_state: AppState, state: RequestState, upload: Upload, *, param: str
) -> bytes:
    """A mono WAV file. Raises InvalidRequest, InvalidAudio, PayloadTooLarge."""
    _check_type(upload, param)
    settings = app_state.settings
    most_bytes = min(_MAX_BYTES, settings.max_audio_mb * MEGABYTE)
    limits = AudioLimits(most_bytes, settings.max_sample_s)
    audio = await decoded(app_state, state, upload.data, limits, _KEPT_RATE, param=param)
    _check_sound(audio, settings.min_sample_s, param)
    return await app_state.in_thread(wav_bytes, audio)


def _check_type(upload: Upload, param: str) -> None:
    """What calls itself something else is not looked into; players of video write audio too."""
    kind = upload.content_type.partition(";")[0].strip().lower()
    if not kind.startswith(("audio/", "video/")) and kind not in _OTHER_TYPES:
        raise InvalidRequest(
            f"{param} is of the type {quoted(kind)}; upload a recording as {_FORMATS}", param=param
        )


def _check_sound(audio: Audio, least_s: float, param: str) -> None:
    if audio.duration_s < least_s:
        raise InvalidAudio(
            f"{param} lasts {audio.duration_s:.1f} s; send at least {least_s:g} s of one person "
            "speaking",
            param=param,
        )
    if float(np.abs(audio.samples).max(initial=0.0)) < _SILENT_PEAK:
        raise InvalidAudio(
            f"{param} is silent; send a recording of one person speaking", param=param
        )
