"""Harmony Speech V1: encoder → synthesizer → vocoder."""

from contract.embedding import AnyEmbedding
from contract.tasks import (
    AudioOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeakInput,
    SynthesizeMelInput,
    VocodeInput,
)
from contract.toolchains import TOOLCHAINS
from transformer.steps import Need, Steps, rename_error_field
from transformer.toolchains.voice import REFERENCE_FIELDS, one_voice

MEMBERS = TOOLCHAINS["harmonyspeech"].members
ENCODER = Need(MEMBERS["encoder"])
SYNTHESIZER = Need(MEMBERS["synthesizer"])
VOCODER = Need(MEMBERS["vocoder"])


async def speak(request: SpeakInput, steps: Steps) -> AudioOutput:
    """The model has no preset voices: either mode needs a reference or an embedding."""
    given = one_voice(request)
    encoder = (ENCODER,) if isinstance(given, EmbedSpeakerInput) else ()
    await steps.prepare(*encoder, SYNTHESIZER, VOCODER)
    voice = await _voice(given, steps)
    spoken = await steps.call(SYNTHESIZER, _mel_request(request, voice))
    return await steps.call(VOCODER, VocodeInput(mel=spoken.mel, pauses=spoken.pauses))


async def embed(request: EmbedSpeakerInput, steps: Steps) -> EmbedSpeakerOutput:
    return await steps.call(ENCODER, request)


async def _voice(given: AnyEmbedding | EmbedSpeakerInput, steps: Steps) -> AnyEmbedding:
    if not isinstance(given, EmbedSpeakerInput):
        return given
    with rename_error_field(REFERENCE_FIELDS):
        return (await embed(given, steps)).embedding


def _mel_request(request: SpeakInput, voice: AnyEmbedding) -> SynthesizeMelInput:
    return SynthesizeMelInput(
        text=request.text,
        embedding=voice,
        speed=request.speed,
        pitch=request.pitch,
        energy=request.energy,
    )
