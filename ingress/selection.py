"""From the names a client sent to the model, language and voice that will answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contract.catalog import CatalogSnapshot
from contract.errors import InvalidRequest, ModelNotFound
from contract.tasks import SPEAK_MODES, Task
from contract.voices import Blend, is_blend, parse_blend
from ingress.endpoints import (
    CLONING,
    DEFAULT_LANGUAGE,
    SPEAKERS,
    SPEECH,
    TRANSCRIPTIONS,
    VAD,
    Endpoint,
    ListedModel,
    listed_models,
)
from ingress.languages import spoken_language
from ingress.settings import Settings
from ingress.wording import choice, quoted

OPENAI_SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15")
OPENAI_TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-realtime-translate",
)
OPENAI_DIARIZATION_MODELS = ("gpt-4o-transcribe-diarize",)
SPEACHES_VAD_MODELS = ("silero_vad_v5", "silero_vad_v6")
"""speaches-ai/speaches, src/speaches/executors/silero_vad_v5.py, MODEL_ID."""
OPENAI_VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer"),
    *("verse", "marin", "cedar"),
)
_VENDOR = "openai/"
"""Before OpenAI's names in routers over several vendors (OpenRouter, LiteLLM): openai/whisper-1."""
_AZURE_NAMES = {"tts": "tts-1", "tts-hd": "tts-1-hd", "whisper": "whisper-1"}
"""OpenAI's models in Azure's list, which deployments there are mostly called by."""
_RELEASE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")
"""OpenAI's models can be asked for as of a day: gpt-4o-mini-tts-2025-12-15, tts-1-1106."""


@dataclass(frozen=True)
class Speaker:
    """Language and voice as the model's configuration spells them; None: the model's own."""

    language: str | None
    voice: str | None


def find_model(
    snapshot: CatalogSnapshot, settings: Settings, endpoint: Endpoint, requested: str | None
) -> ListedModel:
    """The model or toolchain behind a name, an alias, or one of OpenAI's names, in any case.

    None: the model that answers to tts-1 or whisper-1. Raises ModelNotFound, for a model of another
    endpoint too.
    """
    available = listed_models(snapshot, endpoint)
    stand_ins = _stand_ins(settings, endpoint, available)
    asked = next(iter(stand_ins), "") if requested is None else requested
    found = _answers_to(asked, snapshot, available, stand_ins)
    if found is None:
        raise _not_found(snapshot, asked, available, stand_ins)
    return found


def is_diarizer(snapshot: CatalogSnapshot, settings: Settings, requested: str | None) -> bool:
    """Whether the name is one of the toolchain that tells speakers apart."""
    available = listed_models(snapshot, SPEAKERS)
    stand_ins = _stand_ins(settings, SPEAKERS, available)
    return _answers_to(requested or "", snapshot, available, stand_ins) is not None


def _answers_to(
    asked: str,
    snapshot: CatalogSnapshot,
    available: dict[str, ListedModel],
    stand_ins: dict[str, str],
) -> ListedModel | None:
    for name in _spellings(asked):
        alias = same_name(name, snapshot.aliases)
        found = same_name(snapshot.aliases[alias] if alias else name, available)
        found = found or stand_ins.get(name.strip().lower())
        if found in available:
            return available[found]
    return None


def _spellings(name: str) -> tuple[str, ...]:
    """As it was sent, and without what routers, releases and Azure put around it."""
    plain = _RELEASE.sub("", name.strip().removeprefix(_VENDOR))
    return name, plain, _AZURE_NAMES.get(plain.lower(), plain)


def same_name(requested: str, names: Iterable[str]) -> str | None:
    """The name that is spelled so, else the first that is but for upper and lower case."""
    known = list(names)
    if requested in known:
        return requested
    wanted = requested.strip().casefold()
    return next((name for name in known if name.casefold() == wanted), None)


def _stand_ins(
    settings: Settings, endpoint: Endpoint, available: dict[str, ListedModel]
) -> dict[str, str]:
    """Who answers to other servers' names where the configuration has no alias for them."""
    names: tuple[str, ...] = ()
    fit = list(available)
    chosen = None
    if endpoint is SPEECH:
        names, chosen = OPENAI_SPEECH_MODELS, settings.default_speech_model
        fit = [name for name in fit if SPEAK_MODES[0] in available[name].modes]
    elif endpoint is CLONING:
        names, chosen = OPENAI_SPEECH_MODELS, settings.default_cloning_model
    elif endpoint is TRANSCRIPTIONS:
        names = OPENAI_TRANSCRIPTION_MODELS + OPENAI_DIARIZATION_MODELS
        chosen = settings.default_transcription_model
    elif endpoint is SPEAKERS:
        names = OPENAI_DIARIZATION_MODELS
    elif endpoint is VAD:
        names = SPEACHES_VAD_MODELS
        fit.sort(key=lambda name: available[name].task is not Task.DETECT_SPEECH)
    name = chosen or next(iter(fit), None)
    return dict.fromkeys(names, name) if name else {}


def _not_found(
    snapshot: CatalogSnapshot,
    requested: str,
    available: dict[str, ListedModel],
    stand_ins: dict[str, str],
) -> ModelNotFound:
    aliases = [alias for alias, name in snapshot.aliases.items() if name in available]
    others = list(dict.fromkeys([*aliases, *stand_ins]))
    known = choice("available", list(available))
    if others:
        known += f"; {choice('aliases', others)}"
    return ModelNotFound(
        f"model {quoted(requested)} does not exist or does not serve this endpoint; {known}",
        param="model",
    )


def openai_names(snapshot: CatalogSnapshot) -> list[str]:
    """OpenAI's names that somebody here answers to."""
    speech = OPENAI_SPEECH_MODELS if listed_models(snapshot, SPEECH) else ()
    transcriptions = OPENAI_TRANSCRIPTION_MODELS if listed_models(snapshot, TRANSCRIPTIONS) else ()
    diarization = OPENAI_DIARIZATION_MODELS if listed_models(snapshot, SPEAKERS) else ()
    return [*speech, *transcriptions, *diarization]


def find_voice(
    snapshot: CatalogSnapshot,
    model: ListedModel,
    requested: str | None,
    language: str | None,
) -> Speaker:
    """OpenAI's dialect: the voice alone decides, an extra `language` narrows the search.

    OpenAI's own voice names are spread over the model's voices, so that two of them differ where
    the model has two. None: the first. Raises InvalidRequest that lists the voices there are.
    """
    choices = _choices(model, language)
    if requested is None:
        return choices[0]
    aliases = snapshot.voice_aliases
    voices = {one.voice: one for one in reversed(choices) if one.voice}
    own = same_name(requested, voices) or same_name(unaliased(requested, aliases), voices)
    if own is not None:
        return voices[own]
    if language is not None and model.voices_speak_every_language:
        voices = _abroad(model, language, choices[0].language) | voices
        if (name := same_name(requested, voices)) is not None:
            return voices[name]
    if model.traits.blends and is_blend(requested):
        return _blend(parse_blend(requested), voices, aliases, model)
    openai_name = same_name(requested, OPENAI_VOICES)
    if openai_name is not None:
        return choices[OPENAI_VOICES.index(openai_name) % len(choices)]
    if same_name(requested, [DEFAULT_LANGUAGE]):
        return choices[0]
    fit = [alias for alias, voice in aliases.items() if voice in voices]
    others = list(dict.fromkeys([*fit, *OPENAI_VOICES]))
    raise InvalidRequest(
        f"voice {quoted(requested)} is unknown to {model.id}; "
        f"{choice('known', [one.voice for one in choices if one.voice] or ['default'])}; "
        f"{choice('aliases', others)}",
        param="voice",
    )


def _abroad(model: ListedModel, asked: str, spoken: str | None) -> dict[str, Speaker]:
    """Every voice in the language that is asked for: "en" is British to a British voice."""
    is_one_kind = len(asked) == 1 or "-" in asked or "_" in asked
    speakers: dict[str, Speaker] = {}
    for one in _choices(model, None):
        is_own = not is_one_kind and _base(one.language) == _base(spoken)
        speakers[one.voice or ""] = one if is_own else Speaker(spoken, one.voice)
    return speakers


def _base(language: str | None) -> str:
    return (language or "").partition("-")[0]


def unaliased(requested: str, aliases: Mapping[str, str]) -> str:
    alias = same_name(requested, aliases)
    return aliases[alias] if alias else requested


def _blend(
    blend: Blend, voices: Mapping[str, Speaker], aliases: Mapping[str, str], model: ListedModel
) -> Speaker:
    """The blend in the model's spelling of its voices, in the language of the first of them."""
    names = [same_name(unaliased(asked, aliases), voices) for asked, _ in blend]
    for name, (asked, _) in zip(names, blend, strict=True):
        if name is None:
            raise InvalidRequest(
                f"voice blends {quoted(asked)}, which is unknown to {model.id}; "
                f"{choice('known', list(voices))}",
                param="voice",
            )
    parts = [
        f"{name}({max(share, 1e-4):.4f})" for name, (_, share) in zip(names, blend, strict=True)
    ]
    return Speaker(voices[names[0] or ""].language, "+".join(parts))


def speaks(model: ListedModel, language: str) -> bool:
    """Whether a hint can be followed."""
    try:
        return bool(_choices(model, language))
    except InvalidRequest:
        return False


def speaker_in(model: ListedModel, speaker: Speaker, language: str, *, param: str) -> Speaker:
    """The voice itself where it speaks `language`, else the model's voice of its name there, else
    the first there. Raises InvalidRequest where the model does not speak it."""
    if list(model.languages) in ([], [DEFAULT_LANGUAGE]):
        return speaker  # one voice or several of a language that nobody named
    name = spoken_language(language, list(model.languages), param=param, model=model.id)
    if _spoken(name) == speaker.language:
        return speaker
    voices = model.languages[name]
    voice = speaker.voice if speaker.voice in voices else next(iter(voices), None)
    return Speaker(_spoken(name), voice)


def _choices(model: ListedModel, language: str | None) -> list[Speaker]:
    languages = model.languages or {DEFAULT_LANGUAGE: ()}
    if language is not None:
        name = spoken_language(language, list(model.languages), param="language", model=model.id)
        languages = {name: languages[name]}
    return [
        Speaker(_spoken(name), voice)
        for name, voices in languages.items()
        for voice in (voices or (None,))
    ]


def check_speaker(model: ListedModel, language: str | None, voice: str | None) -> Speaker:
    """HSE's dialect: both must be said, letter for letter, where the model lists them.

    One exception: the unnamed language of a model that has only voices may be left out.
    """
    if not model.languages:
        return Speaker(None, voice or None)
    if not language and list(model.languages) == [DEFAULT_LANGUAGE]:
        language = DEFAULT_LANGUAGE
    if not language or language not in model.languages:
        raise InvalidRequest(
            f"{model.id} needs a language; {choice('one of', list(model.languages))}",
            param="language",
        )
    voices = model.languages[language]
    if voices and voice not in voices:
        raise InvalidRequest(
            f"{model.id} needs a voice of {language}; {choice('one of', list(voices))}",
            param="voice",
        )
    return Speaker(_spoken(language), voice or None)


def _spoken(language: str) -> str | None:
    return None if language == DEFAULT_LANGUAGE else language
