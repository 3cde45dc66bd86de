"""What the models can be asked to do: one frozen input and one frozen output per task."""

from __future__ import annotations

from typing import Any

from contract.audio.wav import FloatArray
from contract.tasks.base import (
    MAX_TEXT_CHARACTERS,
    REFERENCE_KEYS,
    Task,
    TaskInput,
    TaskOutput,
)
from contract.tasks.chains import (
    SEGMENT_SOURCES,
    SPEAK_MODES,
    DiarizeInput,
    DiarizeOutput,
    RestoreAudioInput,
    SpeakInput,
    TranscribeSpeakersInput,
    TranscribeSpeakersOutput,
)
from contract.tasks.listening import (
    DetectSpeechInput,
    DetectSpeechOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    TranscribeInput,
    TranscribeOutput,
)
from contract.tasks.segments import SpeakerSegment, SpeechSegment, TranscriptSegment, Word
from contract.tasks.speaking import (
    AudioOutput,
    ConvertVoiceInput,
    RestoreInput,
    RestoreOutput,
    SynthesizeInput,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    SynthesizeOutput,
    VocodeInput,
)

INPUTS: dict[Task, type[TaskInput[Any]]] = {
    kind.task: kind
    for kind in (
        TranscribeInput,
        DetectSpeechInput,
        EmbedSpeakerInput,
        SynthesizeMelInput,
        VocodeInput,
        SynthesizeInput,
        ConvertVoiceInput,
        RestoreInput,
        SpeakInput,
        RestoreAudioInput,
        DiarizeInput,
        TranscribeSpeakersInput,
    )
}
