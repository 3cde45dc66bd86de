"""Harmony Speech: encoder, synthesizer, vocoder."""

import numpy as np
import pytest
from scripted_client import ScriptedClient

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import InvalidRequest, Unroutable
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeakInput,
    SynthesizeMelOutput,
)
from transformer.engine import ToolchainEngine

REFERENCE = Audio(np.zeros(16000, np.float32), 16000)
VOICE = Embedding("harmonyspeech", np.ones(768, np.float32))
MEL = np.ones((80, 7), np.float32)
CATALOG = Catalog(
    ServiceConfig(
        model_configs=tuple(
            ModelConfig(name=name, model="m", model_type=f"HarmonySpeech{name.title()}")
            for name in ("encoder", "synthesizer", "vocoder")
        )
    )
)


@pytest.fixture
def caller():
    return ScriptedClient(
        {
            "encoder": lambda _: EmbedSpeakerOutput(VOICE),
            "synthesizer": lambda _: SynthesizeMelOutput(MEL, np.array([7.0], np.float32)),
            "vocoder": lambda _: AudioOutput(REFERENCE),
        }
    )


async def run(caller, request, context=None):
    engine = ToolchainEngine("harmonyspeech", caller, lambda: CATALOG.current)
    return await engine.submit(request, context or RequestContext())


@pytest.mark.parametrize("mode", ["voice_cloning", "single_speaker_tts"])
async def test_a_reference_is_embedded_spoken_and_vocoded(caller, mode):
    context = RequestContext()
    await run(caller, SpeakInput(text="Hi.", reference_audio=REFERENCE, mode=mode), context)
    assert caller.called == ["encoder", "synthesizer", "vocoder"]
    assert caller.request_to("synthesizer").embedding is VOICE
    assert caller.request_to("vocoder").mel is MEL
    assert caller.request_to("vocoder").pauses.tolist() == [7.0]
    assert context.trace.statuses == [
        "WAITING",
        "RUNNING",
        "FINISHED_FORWARDED",
        "RUNNING",
        "FINISHED_FORWARDED",
        "RUNNING",
        "FINISHED_STOPPED",
    ]


async def test_an_embedding_skips_the_encoder_and_still_gives_audio(caller):
    request = SpeakInput(text="Hi.", embedding=VOICE, pitch=0.0, speed=2.0)
    answer = await run(caller, request)
    assert caller.called == ["synthesizer", "vocoder"]
    assert caller.request_to("synthesizer").pitch == 0.0
    assert caller.request_to("synthesizer").speed == 2.0
    assert answer.audio is REFERENCE


async def test_no_voice_at_all_is_refused(caller):
    with pytest.raises(Unroutable, match="reference_audio or embedding"):
        await run(caller, SpeakInput(text="Hi."))
    assert caller.called == []


async def test_embedding_is_one_step(caller):
    answer = await run(caller, EmbedSpeakerInput(audio=REFERENCE))
    assert caller.called == ["encoder"]
    assert answer.embedding is VOICE


async def test_a_task_it_does_not_serve_is_refused_by_name(caller):
    with pytest.raises(InvalidRequest, match="harmonyspeech cannot convert_voice"):
        await run(caller, ConvertVoiceInput(audio=REFERENCE, target_embedding=VOICE))
