"""The ingress with a configuration of every kind of model, behind an in-process HTTP client."""

from __future__ import annotations

import base64
from typing import Any

import httpx
from fake_client import FakeClient, tone
from fastapi import FastAPI

from contract.audio.codec import Audio, wav_bytes
from contract.catalog import Catalog
from contract.config import parse_config
from ingress.app import create_app
from ingress.encoding import AudioFormat
from ingress.settings import Settings
from transport.decoding.reading import decode

CONFIG = """
model_configs:
  - {name: hs1-encoder, model: x, model_type: HarmonySpeechEncoder}
  - {name: hs1-synthesizer, model: x, model_type: HarmonySpeechSynthesizer}
  - {name: hs1-vocoder, model: x, model_type: HarmonySpeechVocoder}
  - {name: piper, model: x, model_type: PiperSynthesizer, language: EN, voices: [joe, amy]}
  - {name: piper-nameless, model: x, model_type: PiperSynthesizer, voices: [one]}
  - {name: piper-mute, model: x, model_type: PiperSynthesizer}
  - name: ov1-synthesizer-en
    model: x
    model_type: OpenVoiceV1Synthesizer
    language: EN
    voices: [default, whispering]
  - {name: ov1-tone-converter, model: x, model_type: OpenVoiceV1ToneConverter}
  - {name: ov1-tone-converter-encoder, model: x, model_type: OpenVoiceV1ToneConverterEncoder}
  - {name: melo-en, model: x, model_type: MeloTTSSynthesizer, language: EN, voices: [EN-Newest]}
  - {name: melo-en-2, model: x, model_type: MeloTTSSynthesizer, language: EN, voices: [EN-US]}
  - {name: melo-fr, model: x, model_type: MeloTTSSynthesizer, language: FR, voices: [FR]}
  - {name: ov2-tone-converter, model: x, model_type: OpenVoiceV2ToneConverter}
  - {name: ov2-tone-converter-encoder, model: x, model_type: OpenVoiceV2ToneConverterEncoder}
  - {name: whisper, model: x, model_type: FasterWhisper}
  - {name: silero-vad, model: x, model_type: SileroVAD}
  - {name: voicefixer-restorer, model: x, model_type: VoiceFixerRestorer}
  - {name: voicefixer-vocoder, model: x, model_type: VoiceFixerVocoder}
aliases:
  models: {tts-1: piper, my-voice: openvoice_v2}
  voices: {narrator: amy}
"""


def catalog(config: str = CONFIG) -> Catalog:
    return Catalog(parse_config(config))


def make_app(client: FakeClient, *, config: str = CONFIG, **settings: Any) -> FastAPI:
    given = {"voices_db": "none"} | settings  # no test writes where a user's voices are
    return create_app(Settings(**given), client, catalog(config))


def browser(app: FastAPI, **kwargs: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://ingress", timeout=10, **kwargs)


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wav(seconds: float = 3.0, rate: int = 16_000) -> bytes:
    return wav_bytes(tone(seconds, rate))


def wav_base64(seconds: float = 3.0, rate: int = 16_000) -> str:
    return as_base64(wav(seconds, rate))


def data_url(seconds: float = 3.0, rate: int = 16_000) -> str:
    return f"data:audio/wav;base64,{wav_base64(seconds, rate)}"


def heard(data: bytes) -> Audio:
    """What a player would play."""
    return decode(data, max_bytes=1 << 30, max_seconds=3600)


def pcm_heard(data: bytes, rate: int = 24_000) -> float:
    """Seconds of bare 16-bit mono."""
    return len(data) / 2 / rate


def duration_of(data: bytes, file_format: AudioFormat) -> float:
    return pcm_heard(data) if file_format is AudioFormat.PCM else heard(data).duration_s
