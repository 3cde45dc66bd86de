"""VoiceFixer: restorer, then vocoder."""

import numpy as np
from scripted_client import ScriptedClient

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import AudioOutput, RestoreAudioInput, RestoreOutput
from transformer.engine import ToolchainEngine


async def test_the_restored_mel_is_vocoded():
    noisy = Audio(np.zeros(4410, np.float32), 44100)
    clean = Audio(np.ones(4410, np.float32), 44100)
    mel = np.ones((128, 10), np.float32)
    catalog = Catalog(
        ServiceConfig(
            model_configs=(
                ModelConfig(name="restorer", model="m", model_type="VoiceFixerRestorer"),
                ModelConfig(name="vocoder", model="m", model_type="VoiceFixerVocoder"),
            )
        )
    )
    caller = ScriptedClient(
        {"restorer": lambda _: RestoreOutput(mel), "vocoder": lambda _: AudioOutput(clean)}
    )
    engine = ToolchainEngine("voicefixer", caller, lambda: catalog.current)
    answer = await engine.submit(RestoreAudioInput(audio=noisy), RequestContext())
    assert caller.called == ["restorer", "vocoder"]
    assert caller.woken == [["restorer", "vocoder"]]
    assert caller.request_to("vocoder").mel is mel
    assert answer.audio is clean
