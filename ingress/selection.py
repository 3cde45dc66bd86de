"""From the names a client sent to the model, language and voice that will answer."""

from __future__ import annotations

from dataclasses import dataclass

from contract.catalog import CatalogSnapshot
from contract.errors import InvalidRequest, ModelNotFound
from contract.tasks import SPEAK_MODES
from ingress.endpoints import DEFAULT_LANGUAGE, SPEECH, TRANSCRIPTIONS, Endpoint, ListedModel, cards
from ingress.settings import Settings
from ingress.wording import choice, shown

OPENAI_SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
OPENAI_TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
)
OPENAI_VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer"),
    *("verse", "marin", "cedar"),
)


@dataclass(frozen=True)
class Speaker:
    """Language and voice as the model's configuration spells them; None: the model's own."""

    language: str | None
    voice: str | None


def find_card(
    snapshot: CatalogSnapshot, settings: Settings, endpoint: Endpoint, requested: str
) -> ListedModel:
    """The model or toolchain behind a name, an alias, or one of OpenAI's names.

    Raises ModelNotFound, for a model of another endpoint too.
    """
    available = cards(snapshot, endpoint)
    name = snapshot.aliases.get(requested, requested)
    if name not in available:
        name = _stand_in(settings, endpoint, requested, available) or name
    if name not in available:
        raise ModelNotFound(
            f"model {shown(requested)} does not exist or does not serve this endpoint; "
            f"{choice('available', list(available))}",
            param="model",
        )
    return available[name]


def _stand_in(
    settings: Settings, endpoint: Endpoint, requested: str, available: dict[str, ListedModel]
) -> str | None:
    """Who answers to OpenAI's own names where the configuration has no alias for them."""
    if endpoint is SPEECH and requested in OPENAI_SPEECH_MODELS:
        own = (name for name, card in available.items() if SPEAK_MODES[0] in card.modes)
        return settings.default_speech_model or next(own, None)
    if endpoint is TRANSCRIPTIONS and requested in OPENAI_TRANSCRIPTION_MODELS:
        return settings.default_transcription_model or next(iter(available), None)
    return None


def openai_names(snapshot: CatalogSnapshot) -> list[str]:
    """OpenAI's names that somebody here answers to."""
    speech = OPENAI_SPEECH_MODELS if cards(snapshot, SPEECH) else ()
    transcriptions = OPENAI_TRANSCRIPTION_MODELS if cards(snapshot, TRANSCRIPTIONS) else ()
    return [*speech, *transcriptions]


def find_voice(
    snapshot: CatalogSnapshot, card: ListedModel, requested: str, language: str | None
) -> Speaker:
    """OpenAI's dialect: the voice alone decides, an extra `language` narrows the search.

    OpenAI's own voice names are spread over the model's voices, so that two of them differ where
    the model has two. Raises InvalidRequest that lists the voices there are.
    """
    choices = _choices(card, language)
    name = snapshot.voice_aliases.get(requested, requested)
    for one in choices:
        if one.voice == name:
            return one
    if requested in OPENAI_VOICES:
        return choices[OPENAI_VOICES.index(requested) % len(choices)]
    if name == DEFAULT_LANGUAGE:
        return choices[0]
    known = [one.voice for one in choices if one.voice] or ["default"]
    raise InvalidRequest(
        f"voice {shown(requested)} is unknown to {card.id}; {choice('known', known)}",
        param="voice",
    )


def _choices(card: ListedModel, language: str | None) -> list[Speaker]:
    if language is not None and language not in card.languages:
        known = choice("it speaks", [one for one in card.languages if one != DEFAULT_LANGUAGE])
        raise InvalidRequest(
            f"{card.id} does not speak language {shown(language)}; {known}", param="language"
        )
    languages = {language: card.languages[language]} if language else card.languages
    return [
        Speaker(_spoken(name), voice)
        for name, voices in (languages or {DEFAULT_LANGUAGE: ()}).items()
        for voice in (voices or (None,))
    ]


def check_speaker(card: ListedModel, language: str | None, voice: str | None) -> Speaker:
    """HSE's dialect: both must be said, letter for letter, where the card lists them.

    One exception: the unnamed language of a model that has only voices may be left out.
    """
    if not card.languages:
        return Speaker(None, voice or None)
    if not language and list(card.languages) == [DEFAULT_LANGUAGE]:
        language = DEFAULT_LANGUAGE
    if not language or language not in card.languages:
        raise InvalidRequest(
            f"language is required for {card.id}; {choice('one of', list(card.languages))}",
            param="language",
        )
    voices = card.languages[language]
    if voices and voice not in voices:
        raise InvalidRequest(
            f"voice is required for {card.id} in {language}; {choice('one of', list(voices))}",
            param="voice",
        )
    return Speaker(_spoken(language), voice or None)


def _spoken(language: str) -> str | None:
    return None if language == DEFAULT_LANGUAGE else language
