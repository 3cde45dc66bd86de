"""What a KittenTTS directory says about itself: files, voices, their other names and tempos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from contract.errors import InvalidRequest
from contract.tasks import FloatArray
from predictors.runtime.weights.errors import WeightsMissing
from predictors.text.kitten import MAX_CHARACTERS

STYLE_SIZE = 256
CONFIG = "config.json"


class _Config(BaseModel):
    """KittenML/kitten-tts-*, config.json."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model_file: str
    voices: str
    speed_priors: dict[str, float] = {}
    voice_aliases: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Voices:
    styles: Mapping[str, FloatArray]
    """Name → [400, 256], a row for each length of text."""
    aliases: Mapping[str, str]
    speed_priors: Mapping[str, float]

    @property
    def names(self) -> tuple[str, ...]:
        """What people call them first."""
        return (*self.aliases, *self.styles)

    def find(self, name: str) -> str:
        """The voice behind a name or another name. Raises InvalidRequest(param=voice)."""
        found = self.aliases.get(name, name)
        if found not in self.styles:
            raise InvalidRequest(
                f"voice {name!r} is not known; use one of: {', '.join(self.names)}", param="voice"
            )
        return found


def read_directory(folder: Path) -> tuple[Path, Voices]:
    """The ONNX file and the voices. Raises WeightsMissing that names what is wrong or missing."""
    try:
        config = _Config.model_validate_json((folder / CONFIG).read_bytes())
    except (OSError, ValidationError) as exc:
        raise WeightsMissing(
            f"the model's directory has no {CONFIG} of KittenTTS; correct `model`"
        ) from exc
    model, voices = (_inside(folder, name) for name in (config.model_file, config.voices))
    try:
        with np.load(voices, allow_pickle=False) as archive:
            styles = {name: _styles(archive[name]) for name in archive.files}
    except (OSError, ValueError) as exc:
        raise WeightsMissing(f"{voices.name} is not the voices' archive of KittenTTS") from exc
    aliases = {name: voice for name, voice in config.voice_aliases.items() if voice in styles}
    return model, Voices(styles, aliases, config.speed_priors)


def _inside(folder: Path, name: str) -> Path:
    path = folder / name
    if Path(name).name != name or not path.is_file():
        raise WeightsMissing(f"the model's directory has no {name!r}, which its {CONFIG} names")
    return path


def _styles(numbers: Any) -> FloatArray:
    return np.asarray(numbers, np.float32).reshape(MAX_CHARACTERS, STYLE_SIZE)
