"""OpenVoice V1 and V2: the same chain with other models.

Cloning runs two branches at once: reference → speech segments → embedding, and text → base speech;
both meet in the tone converter.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from contract.audio.codec import Audio
from contract.embedding import AnyEmbedding
from contract.errors import InvalidAudio, Unroutable
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    DetectSpeechInput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    SpeakInput,
    SpeechSegment,
    SynthesizeInput,
    Task,
    TranscribeInput,
)
from contract.toolchains import SPEECH_DETECTORS, TOOLCHAINS, ToolchainSpec
from transformer.steps import Need, Steps, gather_two, rename_error_field
from transformer.toolchains.voice import REFERENCE_FIELDS, one_voice, refuse_reference

SPEECH_DETECTORS_BY_SOURCE = {
    None: Need(SPEECH_DETECTORS),
    "whisper": Need(("FasterWhisper",)),
    "silero": Need(("SileroVAD",)),
}
"""Who finds the speech in a reference, by `segment_source`; None takes the first configured."""
SPEAK_FIELDS = {
    "audio": "text",
    "target_embedding": "embedding",
    "source_language": "language",
    "source_voice": "voice",
}
"""What the converter's fields are in a request to speak; the audio is what the text became."""


@dataclass(frozen=True, slots=True)
class OpenVoice:
    """One version of OpenVoice."""

    spec: ToolchainSpec

    @property
    def converter(self) -> Need:
        return Need(self.spec.members["converter"])

    @property
    def encoder(self) -> Need:
        return Need(self.spec.members["encoder"])

    async def speak(self, request: SpeakInput, steps: Steps) -> AudioOutput:
        synthesizer = Need(self.spec.members["synthesizer"], language=request.language)
        if request.mode == "single_speaker_tts":
            refuse_reference(request)
            return await steps.call(synthesizer, _base_speech(request))
        given = one_voice(request)
        detector = SPEECH_DETECTORS_BY_SOURCE[request.segment_source]
        await steps.prepare(*self._voice_needs(given, detector), synthesizer, self.converter)
        voice, base = await gather_two(
            self._voice(given, detector, steps), steps.call(synthesizer, _base_speech(request))
        )
        with rename_error_field(SPEAK_FIELDS):
            return await steps.call(self.converter, _conversion(request, base.audio, voice))

    async def embed(self, request: EmbedSpeakerInput, steps: Steps) -> EmbedSpeakerOutput:
        detector = SPEECH_DETECTORS_BY_SOURCE[None]
        await steps.prepare(*self._voice_needs(request, detector))
        return await self._embed(request, detector, steps)

    async def convert(self, request: ConvertVoiceInput, steps: Steps) -> AudioOutput:
        """The converter itself embeds the source audio when no source embedding is given."""
        if (request.target_audio is None) == (request.target_embedding is None):
            raise Unroutable(
                "send target_audio or target_embedding, one of the two", param="target_embedding"
            )
        if request.target_audio is None:
            return await steps.call(self.converter, request)
        detector = SPEECH_DETECTORS_BY_SOURCE[None]
        reference = EmbedSpeakerInput(audio=request.target_audio)
        await steps.prepare(*self._voice_needs(reference, detector), self.converter)
        with rename_error_field({"audio": "target_audio"}):
            target = await self._embed(reference, detector, steps)
        return await steps.call(
            self.converter,
            dataclasses.replace(request, target_audio=None, target_embedding=target.embedding),
        )

    def _voice_needs(
        self, given: AnyEmbedding | EmbedSpeakerInput, detector: Need
    ) -> tuple[Need, ...]:
        if not isinstance(given, EmbedSpeakerInput):
            return ()
        return (detector, self.encoder) if given.segments is None else (self.encoder,)

    async def _voice(
        self, given: AnyEmbedding | EmbedSpeakerInput, detector: Need, steps: Steps
    ) -> AnyEmbedding:
        if not isinstance(given, EmbedSpeakerInput):
            return given
        with rename_error_field(REFERENCE_FIELDS):
            return (await self._embed(given, detector, steps)).embedding

    async def _embed(
        self, request: EmbedSpeakerInput, detector: Need, steps: Steps
    ) -> EmbedSpeakerOutput:
        segments = request.segments
        if segments is None:
            segments = await _find_speech(request.audio, detector, steps)
        if not segments:
            raise InvalidAudio(
                "no speech was found in the reference; send a few seconds of one person speaking",
                param="audio",
            )
        return await steps.call(
            self.encoder, EmbedSpeakerInput(audio=request.audio, segments=segments)
        )


async def _find_speech(audio: Audio, detector: Need, steps: Steps) -> tuple[SpeechSegment, ...]:
    if steps.pick(detector).resolved_task is Task.TRANSCRIBE:
        heard = await steps.call(detector, TranscribeInput(audio=audio, segment_timestamps=True))
        return heard.speech_segments()
    return (await steps.call(detector, DetectSpeechInput(audio=audio))).segments


def _base_speech(request: SpeakInput) -> SynthesizeInput:
    return SynthesizeInput(
        text=request.text,
        language=request.language,
        voice=request.voice,
        speed=request.speed,
        seed=request.seed,
    )


def _conversion(request: SpeakInput, base: Audio, voice: AnyEmbedding) -> ConvertVoiceInput:
    return ConvertVoiceInput(
        audio=base,
        target_embedding=voice,
        source_language=request.language,
        source_voice=request.voice,
        seed=request.seed,
    )


V1 = OpenVoice(TOOLCHAINS["openvoice_v1"])
V2 = OpenVoice(TOOLCHAINS["openvoice_v2"])
