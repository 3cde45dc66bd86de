"""Why audio is refused, as data: a decoder in another process says which, its server words it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.errors import InvalidAudio, PayloadTooLarge, SpeechError

MIN_RATE, MAX_RATE = 1_000, 192_000
MAX_CHANNELS = 8
MAX_TRACKS = 64


@dataclass(frozen=True, slots=True)
class AudioLimits:
    """Most that one piece of audio may be: as a file, and decoded."""

    max_bytes: int = 64 << 20
    max_seconds: float = 3600.0
    max_samples: int = 1 << 27
    """Decoded, as they are kept: 512 MiB of float32, which is two hours at 16 kHz."""


class Reason(StrEnum):
    """What was wrong; the label of metrics. The order is part of the decoders' protocol."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    UNREADABLE = "unreadable"
    NO_INDEX = "no_index"
    CODEC = "codec"
    NO_TRACK = "no_track"
    TRACKS = "tracks"
    CHANNELS = "channels"
    RATE = "rate"
    TOO_LONG = "too_long"
    TOO_MANY_SAMPLES = "too_many_samples"
    SMALL_FRAMES = "small_frames"
    NOT_SOUND = "not_sound"
    NO_SOUND = "no_sound"
    MEMORY = "memory"
    CPU = "cpu"
    DIED = "died"


_TOO_LARGE = frozenset({Reason.TOO_MANY_BYTES, Reason.TOO_LONG, Reason.TOO_MANY_SAMPLES})
_FORMATS = "wav, mp3, flac, ogg, m4a or webm"
_MESSAGES = {
    Reason.EMPTY: "is empty; send an audio file",
    Reason.TOO_MANY_BYTES: "has {value:.12g} bytes; the most is {limits.max_bytes}",
    Reason.UNREADABLE: f"could not be decoded: it is no audio file, or damaged; send {_FORMATS}",
    Reason.NO_INDEX: "breaks off before its index, without which it cannot be decoded; record or "
    "upload it again to its end",
    Reason.CODEC: f"could not be decoded: its codec is not supported; send {_FORMATS}",
    Reason.NO_TRACK: f"holds no audio track; send {_FORMATS} with sound",
    Reason.TRACKS: f"holds {{value:.12g}} tracks; send at most {MAX_TRACKS}",
    Reason.CHANNELS: f"has {{value:.12g}} channels; send 1 to {MAX_CHANNELS}",
    Reason.RATE: f"has {{value:.12g}} samples per second; send {MIN_RATE} to {MAX_RATE}",
    Reason.TOO_LONG: "is longer than {limits.max_seconds:g} seconds; send it in parts",
    Reason.TOO_MANY_SAMPLES: "holds more than {limits.max_samples} samples; send it in parts",
    Reason.SMALL_FRAMES: "is cut into too small pieces; encode it again",
    Reason.NOT_SOUND: "holds samples that are no sound (not finite, or far beyond 1.0)",
    Reason.NO_SOUND: "holds no sound; its length is zero",
    Reason.MEMORY: f"could not be decoded in the memory allowed; encode it again as {_FORMATS}",
    Reason.CPU: f"could not be decoded in the time allowed; encode it again as {_FORMATS}",
    Reason.DIED: f"could not be decoded: it is damaged; encode it again as {_FORMATS}",
}


class AudioRefused(Exception):
    """Raised while decoding. `value` is the number that was too small or too large."""

    def __init__(self, reason: Reason, value: float = 0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.value = value

    def error(self, param: str, limits: AudioLimits) -> SpeechError:
        """InvalidAudio or PayloadTooLarge that names the field."""
        kind = PayloadTooLarge if self.reason in _TOO_LARGE else InvalidAudio
        words = _MESSAGES[self.reason].format(value=self.value, limits=limits)
        return kind(f"{param} {words}", param=param)
