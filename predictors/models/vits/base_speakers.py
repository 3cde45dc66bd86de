"""The voices whose speech a tone converter expects, embedded by those who published them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contract.errors import InvalidRequest, ModelFailed
from contract.tasks import FloatArray
from predictors.models.vits.voices import folded, language_key, named
from predictors.nn.speaker_embedding import UnreadableEmbedding, read_tensor

V1_STYLES = (
    "whispering",
    "shouting",
    "excited",
    "cheerful",
    "terrified",
    "angry",
    "sad",
    "friendly",
)
"""The English voices of OpenVoice V1 that share one embedding."""
V1_FILES = "checkpoints/base_speakers/*/*_se.pth"
V2_FILES = "base_speakers/ses/*.pth"


@dataclass(frozen=True, slots=True, eq=False)
class BaseSpeaker:
    """One published voice; `vector` is [dims]."""

    language: str
    voice: str
    vector: FloatArray


Names = Callable[[Path], Iterable[tuple[str, str]]]
"""Language and voice of everybody an embedding file stands for."""


def v1_names(path: Path) -> Iterable[tuple[str, str]]:
    """checkpoints/base_speakers/EN/en_style_se.pth -> (EN, whispering), (EN, shouting) ..."""
    language = path.parent.name.upper()
    kind = path.stem.removesuffix("_se").rpartition("_")[2]
    return [(language, voice) for voice in (V1_STYLES if kind == "style" else (kind,))]


def v2_names(path: Path) -> Iterable[tuple[str, str]]:
    """base_speakers/ses/en-india.pth -> (EN, EN-INDIA); es.pth -> (ES, ES)"""
    return [(path.stem.partition("-")[0].upper(), path.stem.upper())]


class BaseSpeakers:
    """A checkpoint's published voices, to be looked up by language and name."""

    def __init__(self, speakers: Sequence[BaseSpeaker]) -> None:
        self._speakers = speakers

    def find(self, language: str | None, voice: str | None) -> FloatArray | None:
        """The embedding of a voice; without a name, that of a language's only voice.

        None when neither says which voice it is. Raises InvalidRequest for an unknown voice or
        language, and for a name that several languages have.
        """
        candidates = self._of_language(language)
        if voice is not None:
            candidates = self._of_name(voice, candidates)
        elif language is None or len(candidates) > 1:
            return None
        if len(candidates) > 1:
            raise InvalidRequest(
                f"source_voice {voice!r} is there in several languages; send source_language, one "
                f"of: {named([one.language for one in candidates])}",
                param="source_language",
            )
        return candidates[0].vector

    def _of_language(self, language: str | None) -> Sequence[BaseSpeaker]:
        if language is None:
            return self._speakers
        key = language_key(language)
        found = [one for one in self._speakers if one.language == key]
        if not found:
            raise InvalidRequest(
                f"source_language {language!r} has no base speaker here; use one of: "
                f"{named([one.language for one in self._speakers])}; or send source_embedding",
                param="source_language",
            )
        return found

    def _of_name(self, voice: str, candidates: Sequence[BaseSpeaker]) -> Sequence[BaseSpeaker]:
        found = [one for one in candidates if folded(one.voice) == folded(voice)]
        if not found:
            raise InvalidRequest(
                f"source_voice {voice!r} is no base speaker here; use one of: "
                f"{named([one.voice for one in candidates])}; or send source_embedding",
                param="source_voice",
            )
        return found


def read_base_speakers(root: Path, pattern: str, names: Names, dims: int) -> BaseSpeakers:
    """Every published voice below `root`. Raises ModelFailed for a file that is no embedding."""
    speakers: list[BaseSpeaker] = []
    for path in sorted(root.glob(pattern)):
        vector = _read(path, dims)
        speakers += [BaseSpeaker(language, voice, vector) for language, voice in names(path)]
    return BaseSpeakers(speakers)


def _read(path: Path, dims: int) -> FloatArray:
    try:
        vector = read_tensor(path.read_bytes())
    except OSError as exc:
        raise ModelFailed(f"{path.name} cannot be opened ({exc.strerror})") from exc
    except UnreadableEmbedding as exc:
        raise ModelFailed(f"{path.name} {exc}; download it again") from exc
    if vector.size != dims or not np.isfinite(vector).all():
        raise ModelFailed(
            f"{path.name} holds {vector.size} numbers that are no voice of this converter; "
            "download it again"
        )
    return vector
