"""A task, its input and its output, and what several tasks declare alike.

Every field is declared once, in its annotation. `Tensor` marks data, which travels as V2 tensors;
pydantic's `Field` describes and bounds a V2 parameter. The decoder, the metadata endpoint and
docs/models.md read the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BeforeValidator, Field

from contract.audio.wav import FloatArray
from contract.errors import InvalidRequest
from contract.fields import InstanceKeys, Tensor, check_parameters

MAX_TEXT_CHARACTERS = 100_000


class Task(StrEnum):
    TRANSCRIBE = "transcribe"
    DETECT_SPEECH = "detect_speech"
    EMBED_SPEAKER = "embed_speaker"
    SYNTHESIZE_MEL = "synthesize_mel"
    VOCODE = "vocode"
    SYNTHESIZE = "synthesize"
    CONVERT_VOICE = "convert_voice"
    RESTORE = "restore"
    SPEAK = "speak"
    """Toolchains only: text in any voice, presets or cloned from a reference."""
    RESTORE_AUDIO = "restore_audio"
    """Restoration from waveform to waveform, by a toolchain or by one model."""
    DIARIZE = "diarize"
    """Toolchains only: who speaks when."""
    TRANSCRIBE_SPEAKERS = "transcribe_speakers"
    """Toolchains only: what is said, and by whom."""


class TaskOutput:
    """What a task gives back."""


Out = TypeVar("Out", bound=TaskOutput, covariant=True)


class TaskInput(Generic[Out]):
    """What a task is asked. Subclasses are frozen dataclasses that check text and parameters when
    they are made. Raises InvalidRequest that names the field."""

    task: ClassVar[Task]
    output: ClassVar[type[TaskOutput]]
    as_reference: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    """Parameters that are fixed when a V1 instance's reference is the audio: the instance's own
    parameters of these names then speak of the text to be spoken."""

    def __post_init__(self) -> None:
        check_parameters(self)
        text = getattr(self, "text", None)
        if text is not None:
            _check_text(text)


def _check_text(text: str) -> None:
    if not text.strip():
        raise InvalidRequest("text is empty; send what is to be said", param="text")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidRequest(
            f"text has {len(text)} characters; the most is {MAX_TEXT_CHARACTERS}", param="text"
        )
    try:
        text.encode()
    except UnicodeEncodeError:  # JSON can spell half a surrogate pair, which nobody could encode
        raise InvalidRequest("text is not valid Unicode text", param="text") from None


# What several tasks declare alike -------------------------------------------------------------


def _whole(value: Any) -> Any:
    """JSON writers of some languages know only floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Text = Annotated[str, Tensor("what to say, UTF-8")]
Speed = Annotated[float, Field(ge=0.25, le=4, description="tempo, 1 is the voice's own")]
Seed = Annotated[WholeNumber | None, Field(ge=0, le=2**63 - 1, description="same seed, same bytes")]
Duration = Annotated[float, Field(description="length of the audio in seconds")]
Pitch = Annotated[float, Field(ge=0, le=4, description="factor on the predicted pitch")]
Energy = Annotated[float, Field(ge=0, le=4, description="factor on the predicted energy")]
Mel = Annotated[FloatArray, Tensor("mel spectrogram [n_mels, frames]", shape=(-1, -1))]
Pauses = Annotated[
    FloatArray | None, Tensor("frames of each piece; a pause follows each [n]", shape=(-1,))
]
REFERENCE_KEYS = ("reference_audio", "target_audio")
"""Keys of a V1 instance under which the recording comes whose voice is wanted."""
LISTENED_TO = InstanceKeys(*REFERENCE_KEYS, "audio")
