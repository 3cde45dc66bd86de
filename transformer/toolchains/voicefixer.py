"""VoiceFixer: restorer → vocoder."""

from contract.tasks import AudioOutput, RestoreAudioInput, RestoreInput, VocodeInput
from contract.toolchains import TOOLCHAINS
from transformer.steps import Need, Steps

MEMBERS = TOOLCHAINS["voicefixer"].members
RESTORER = Need(MEMBERS["restorer"])
VOCODER = Need(MEMBERS["vocoder"])


async def restore(request: RestoreAudioInput, steps: Steps) -> AudioOutput:
    await steps.prepare(RESTORER, VOCODER)
    restored = await steps.call(RESTORER, RestoreInput(audio=request.audio))
    return await steps.call(VOCODER, VocodeInput(mel=restored.mel))
