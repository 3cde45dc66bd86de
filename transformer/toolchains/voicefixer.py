"""VoiceFixer: restorer → vocoder."""

from contract.tasks import AudioOutput, RestoreAudioInput, RestoreInput, VocodeInput
from transformer.steps import Need, Steps

RESTORER = Need(("VoiceFixerRestorer",))
VOCODER = Need(("VoiceFixerVocoder",))


async def restore(request: RestoreAudioInput, steps: Steps) -> AudioOutput:
    await steps.prepare(RESTORER, VOCODER)
    restored = await steps.call(RESTORER, RestoreInput(audio=request.audio))
    return await steps.call(VOCODER, VocodeInput(mel=restored.mel))
