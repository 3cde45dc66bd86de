"""A session's configuration: OpenAI's fields, what they default to, how an update changes them.

Fields: openai-python, types/realtime/realtime_transcription_session_audio_input.py and the files
beside it. Unknown ones are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from contract.errors import InvalidRequest
from ingress.client_body import AnyCase
from ingress.errors import explain
from ingress.realtime.sound import PCM_RATE, InputFormat
from ingress.realtime.turns import Eagerness

LOGPROBS = "item.input_audio_transcription.logprobs"
_NO_TURNS = ("gpt-realtime-whisper", "gpt-live-transcribe")
"""Models of OpenAI's whose clients end turns themselves and never say so (livekit-plugins-openai
1.8.9, stt.py, lines 89-98 and 172)."""
_OLD_FORMATS = {
    **{"pcm16": InputFormat.PCM, "g711_ulaw": InputFormat.MU_LAW},
    "g711_alaw": InputFormat.A_LAW,
}
_Milliseconds = Annotated[int, Field(ge=0, le=60_000)]
_Name = Annotated[str, Field(max_length=256)]
_Words = Annotated[list[_Name], Field(max_length=1000)]


def _unless_off(value: Any) -> Any:
    """Azure's clients turn detection off by a type."""
    is_off = isinstance(value, Mapping) and value.get("type") == "none"
    return None if is_off or value == "none" else value


def _as_object(value: Any) -> Any:
    """The older API's `pcm16` as the object that took its place."""
    return {"type": _OLD_FORMATS.get(value, value)} if isinstance(value, str) else value


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Format(_Part):
    type: Annotated[InputFormat, AnyCase] = InputFormat.PCM
    rate: Annotated[int, Field(ge=8000, le=48_000)] | None = None
    """OpenAI knows 24000 alone; of audio/pcm only."""


class Transcription(_Part):
    model: _Name | None = None
    language: _Name | None = None
    languages: _Words | None = None
    keywords: _Words | None = None
    prompt: Annotated[str, Field(max_length=16_384)] | None = None
    delay: Annotated[Literal["minimal", "low", "medium", "high", "xhigh"], AnyCase] | None = None


class NoiseReduction(_Part):
    type: Annotated[Literal["near_field", "far_field"], AnyCase] | None = None
    strength: float | None = None


class TurnDetection(_Part):
    type: Annotated[Literal["server_vad", "semantic_vad"], AnyCase] = "server_vad"
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    prefix_padding_ms: _Milliseconds | None = None
    silence_duration_ms: _Milliseconds | None = None
    eagerness: Annotated[Eagerness, AnyCase] | None = None


class AudioInput(_Part):
    format: Annotated[Format | None, BeforeValidator(_as_object)] = None
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: Annotated[TurnDetection | None, BeforeValidator(_unless_off)] = None


class _Audio(_Part):
    input: AudioInput | None = None


class _Session(_Part):
    type: Literal["transcription"] = "transcription"
    audio: _Audio | None = None
    include: _Words | None = None


class _Update(_Part):
    session: _Session


class SessionConfig:
    """What a client has set, and what holds. An update changes the fields that it names."""

    def __init__(self, model: str | None = None) -> None:
        """`model`: of the transcription, until an update names another."""
        self._set: dict[str, Any] = {"transcription": {"model": model} if model else {}}
        self.include: tuple[str, ...] = ()
        self.input = AudioInput(transcription=Transcription(model=model))

    def updated(self, session: Any) -> SessionConfig:
        """Another one; this stays as it is. Raises InvalidRequest that names the field."""
        asked = _parsed(session)
        changed = SessionConfig()
        if asked.include is None:
            changed.include = self.include
        else:
            changed.include = tuple(one for one in asked.include if one == LOGPROBS)
        given = asked.audio.input if asked.audio else None
        news = given.model_dump(exclude_unset=True) if given else {}
        changed._set = _merged(self._set, news)
        changed.input = AudioInput.model_validate(changed._set)
        return changed

    @property
    def settings(self) -> dict[str, Any]:
        """What a client has set, as an update would say it."""
        return {"audio": {"input": self._set}, "include": list(self.include) or None}

    @property
    def transcription(self) -> Transcription | None:
        """None: the client wants no text."""
        return self.input.transcription

    @property
    def wants_logprobs(self) -> bool:
        return LOGPROBS in self.include

    @property
    def format(self) -> InputFormat:
        return self.input.format.type if self.input.format else InputFormat.PCM

    @property
    def rate(self) -> int:
        """Samples a second, of audio/pcm."""
        return (self.input.format and self.input.format.rate) or PCM_RATE

    @property
    def turn_detection(self) -> TurnDetection | None:
        """None: the client ends turns. Its defaults are filled in (OpenAI's, in the types' own
        words)."""
        model = (self.transcription and self.transcription.model) or ""
        if "turn_detection" not in self._set:
            return None if model.startswith(_NO_TURNS) else _filled(TurnDetection())
        return _filled(self.input.turn_detection) if self.input.turn_detection else None

    def shown(self) -> dict[str, Any]:
        """`audio` and `include` of the session object, in full."""
        form: dict[str, Any] = {"type": self.format.value}
        if self.format is InputFormat.PCM:
            form["rate"] = self.rate
        turns = self.turn_detection
        parts = {
            "transcription": self.transcription,
            "noise_reduction": self.input.noise_reduction,
            "turn_detection": turns,
        }
        dumped = {
            name: part.model_dump(mode="json", exclude_none=True) if part else None
            for name, part in parts.items()
        }
        return {
            "audio": {"input": {"format": form} | dumped},
            "include": list(self.include) or None,
        }


def _filled(turns: TurnDetection) -> TurnDetection:
    if turns.type == "semantic_vad":
        return TurnDetection(type=turns.type, eagerness=turns.eagerness or Eagerness.AUTO)
    given = turns.model_dump(exclude_none=True, exclude={"eagerness"})
    defaults = {"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500}
    return TurnDetection.model_validate(defaults | given)


def _parsed(session: Any) -> _Session:
    if isinstance(session, Mapping) and session.get("type") == "realtime":
        raise InvalidRequest(
            "session.type must be 'transcription': no model here answers in speech",
            param="session.type",
        )
    try:
        return _Update.model_validate({"session": _in_one_shape(session)}).session
    except ValidationError as exc:
        raise explain(exc.errors(include_url=False)) from None


def _merged(old: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
    """Objects are merged, null clears; another kind of turn detection starts anew."""
    result = dict(old)
    for key, value in news.items():
        before = result.get(key)
        is_other = key == "turn_detection" and value and before and _kind(value) != _kind(before)
        if isinstance(value, dict) and isinstance(before, dict) and not is_other:
            result[key] = _merged(before, value)
        else:
            result[key] = value
    return result


def _kind(turns: Mapping[str, Any]) -> Any:
    return turns.get("type", "server_vad")


_OLD_FIELDS = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}


def _in_one_shape(session: Any) -> Any:
    """A session as older clients have it, its fields side by side, in today's shape."""
    if not isinstance(session, Mapping) or "audio" in session:
        return session
    found = {new: session[old] for old, new in _OLD_FIELDS.items() if old in session}
    return {**session, "audio": {"input": found}} if found else session
