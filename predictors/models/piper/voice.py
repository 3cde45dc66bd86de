"""A loaded Piper voice: what it is called, what it may be asked, and its two halves."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from piper import PiperConfig, PiperVoice

from contract.errors import InvalidRequest
from predictors.models.piper.network import PiperNetwork
from predictors.nn.onnx import Provider
from predictors.runtime.weights.errors import WeightsMissing


@dataclass(frozen=True, slots=True)
class LoadedVoice:
    network: PiperNetwork
    front_end: PiperVoice
    """Piper's own way from text to phonemes to ids."""
    size_bytes: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the front end works: some of Piper's phonemizers are not thread-safe."""

    @property
    def config(self) -> PiperConfig:
        return self.front_end.config

    def speaker(self, voice: str | None, advertised: Sequence[str]) -> int | None:
        """The id of a speaker by name. Raises InvalidRequest(param=voice) for an unknown one."""
        if voice is None:
            return self.config.default_speaker_id if self.config.num_speakers > 1 else None
        known = list(self.config.speaker_id_map) or list(advertised)
        if voice not in known:
            remedy = f"use one of: {', '.join(known)}" if known else "leave voice out"
            raise InvalidRequest(f"voice {voice!r} is not known; {remedy}", param="voice")
        return self.config.speaker_id_map.get(voice)

    def check_language(self, language: str | None, configured: str | None) -> None:
        """Raises InvalidRequest(param=language) for a language the voice does not speak."""
        own = self.config.espeak_voice.lower().replace("_", "-")
        spoken = {own, own.partition("-")[0], (configured or own).lower()}
        if language is not None and language.lower().replace("_", "-") not in spoken:
            raise InvalidRequest(
                f"this voice speaks {configured or own}, not {language!r}; pick another model",
                param="language",
            )


def load_voice(path: Path, *, threads: int, providers: Sequence[Provider]) -> LoadedVoice:
    """Raises WeightsMissing without its .json, ModelFailed when the files are no Piper voice."""
    config = _read_config(path)
    network = PiperNetwork(path, hop=config.hop_length, threads=threads, providers=providers)
    front_end = PiperVoice(session=network.model.session, config=config)
    return LoadedVoice(network, front_end, path.stat().st_size)


def _read_config(path: Path) -> PiperConfig:
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        raise WeightsMissing(
            f"a Piper voice is two files and {beside.name} is missing; put it beside the .onnx"
        )
    try:
        return PiperConfig.from_dict(json.loads(beside.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError) as exc:
        raise WeightsMissing(f"{beside.name} is not the config of a Piper voice") from exc
