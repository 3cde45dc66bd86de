"""One process with everything in it: what its operator sets reaches every part."""

from __future__ import annotations

from dataclasses import replace

import httpx
import numpy as np
import pytest
from failing_recogniser import FailingRecogniser
from tiny_models import LETTER_S, SAMPLE_RATE, TinyDetector, TinyEncoder, letter_hz, tones

from contract.audio.codec import Audio, wav_bytes
from contract.config import ModelConfig, ServiceConfig
from contract.tasks import EmbedSpeakerInput, EmbedSpeakerOutput
from harmony.one_process import one_process
from ingress.settings import Settings
from predictors.runtime.settings import Settings as PredictorSettings
from transport.client.connection import ConnectionSettings

WORDS = ("january", "february", "october", "november")
EVERY_S = 5


class SegmentEncoder(TinyEncoder):
    """Gives every segment the vector of the whole."""

    def answer(self, request: EmbedSpeakerInput) -> EmbedSpeakerOutput:
        whole = super().answer(request)
        rows = np.tile(whole.embedding.vector, (len(request.segments or ()), 1))
        return replace(whole, segment_embeddings=rows.astype(np.float32))


TYPES = {
    "FasterWhisper": FailingRecogniser,
    "SileroVAD": TinyDetector,
    "HarmonySpeechEncoder": SegmentEncoder,
}


def recording() -> bytes:
    """A word spelled in tones begins every five seconds."""
    parts = []
    for word in WORDS:
        spoken = tones([letter_hz(letter) for letter in word], LETTER_S)
        parts += [spoken, np.zeros(EVERY_S * SAMPLE_RATE - len(spoken), np.float32)]
    return wav_bytes(Audio(np.concatenate(parts), SAMPLE_RATE))


@pytest.mark.parametrize(("piece_s", "pieces"), [(10, 3), (60, 1)])
async def test_toolchains_cut_recordings_as_the_operator_says(piece_s: float, pieces: int) -> None:
    FailingRecogniser.heard.clear()
    entries = tuple(ModelConfig(name=one.lower(), model="m", model_type=one) for one in TYPES)
    async with (
        one_process(
            ServiceConfig(model_configs=entries),
            ingress=Settings(piece_s=piece_s, decoders=1),
            predictors=PredictorSettings(),
            connection=ConnectionSettings(),
            model_types=lambda name: TYPES[name],
        ) as app,
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingress") as http,
    ):
        answer = await http.post(
            "/v1/audio/transcriptions",
            data={"model": "whisper-1", "response_format": "diarized_json"},
            files={"file": recording()},
        )
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"].split() == list(WORDS)
    heard = [text for text, _ in FailingRecogniser.heard if set(text.split()) & set(WORDS)]
    assert len(heard) >= pieces if pieces > 1 else len(heard) == 1
