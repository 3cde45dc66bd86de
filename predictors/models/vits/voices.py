"""Names of voices and languages as people write them, and the numbers a checkpoint gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest, ModelFailed

# What else the languages of OpenVoice and MeloTTS are called; ISO 639 has JA and KO.
_LANGUAGES = {"ZH-MIX-EN": "ZH", "CN": "ZH", "SP": "ES", "JA": "JP", "KO": "KR"}


def folded(name: str) -> str:
    """A voice's name in the spelling in which names are compared: en_India -> en-india."""
    return name.strip().casefold().replace("_", "-")


def language_key(name: str) -> str:
    """`EN` for EN, en and en-US; `ZH` for ZH_MIX_EN; `JP` for ja."""
    plain = folded(name).upper()
    return _LANGUAGES.get(plain) or _LANGUAGES.get(plain.partition("-")[0], plain.partition("-")[0])


def check_language(requested: str | None, own: str) -> None:
    """Raises InvalidRequest(param=language) for another language than the model's own."""
    if requested is not None and language_key(requested) != language_key(own):
        raise InvalidRequest(
            f"this model speaks {own}, not {requested!r}; send {own}, leave language out, or ask "
            "another model",
            param="language",
        )


class VoiceTable:
    """The speakers of one checkpoint by name."""

    def __init__(self, ids: Mapping[str, int], default: str) -> None:
        self.names = tuple(ids)
        self._ids = {folded(name): number for name, number in ids.items()}
        self._default = self._ids[folded(default)]

    def speaker_id(self, voice: str | None) -> int:
        """Raises InvalidRequest(param=voice) that names the known voices."""
        if voice is None:
            return self._default
        found = self._ids.get(folded(voice))
        if found is None:
            raise InvalidRequest(
                f"voice {voice!r} is not known; use one of: {', '.join(self.names)}",
                param="voice",
            )
        return found


def voice_table(speakers: Any, n_speakers: int, config: ModelConfig) -> VoiceTable:
    """The table that a config.json holds; an entry's first advertised voice is the default.

    Raises ModelFailed for a table that does not fit the network, InvalidConfig for an advertised
    voice that is not in it.
    """
    if not isinstance(speakers, Mapping) or not speakers or not _all_fit(speakers, n_speakers):
        raise ModelFailed(
            f"{config.model_type}: config.json has no usable table of speakers; download it again"
        )
    known = {folded(name) for name in speakers}
    unknown = [voice for voice in config.voices if folded(voice) not in known]
    if unknown:
        raise InvalidConfig(
            f"{config.name}: voices names {unknown[0]!r}, which the checkpoint does not have; "
            f"it has: {', '.join(speakers)}"
        )
    return VoiceTable(speakers, default=config.voices[0] if config.voices else next(iter(speakers)))


def _all_fit(speakers: Mapping[Any, Any], n_speakers: int) -> bool:
    return all(
        isinstance(name, str) and type(number) is int and 0 <= number < n_speakers
        for name, number in speakers.items()
    )


def named(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "none"
