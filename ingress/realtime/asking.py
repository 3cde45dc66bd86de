"""From a session's configuration to what a recogniser is asked, and what only some get back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.tasks import TranscribeOutput, Word
from ingress.endpoints import TRANSCRIPTIONS
from ingress.languages import language_code
from ingress.openai.details import languages_found, logprobs
from ingress.realtime.calls import Calls
from ingress.realtime.config import SessionConfig, Transcription
from ingress.realtime.turn import Turn
from ingress.selection import find_model

_PROMPT_CHARS, _HOTWORDS_CHARS = 4096, 1024
"""More than Whisper reads of either."""
_FIELD = "session.audio.input.transcription"


def model_of(calls: Calls, name: str | None) -> str:
    """The predictor that transcribes. Raises ModelNotFound."""
    return find_model(calls.snapshot, calls.app_state.settings, TRANSCRIPTIONS, name).id


def options_of(asked: Transcription) -> dict[str, Any]:
    """Fields of TranscribeInput. Blocks when a language's name is the first to be looked up.

    Raises InvalidRequest that names the field.
    """
    options: dict[str, Any] = _languages(asked)
    if asked.prompt:
        options["prompt"] = asked.prompt[-_PROMPT_CHARS:]
    if asked.keywords:
        options["hotwords"] = ", ".join(filter(None, asked.keywords))[:_HOTWORDS_CHARS]
    return options


def _languages(asked: Transcription) -> dict[str, Any]:
    if asked.language:
        return {"language": language_code(asked.language, param=f"{_FIELD}.language")}
    named = [one for one in asked.languages or () if one]
    codes = [language_code(one, param=f"{_FIELD}.languages") for one in named]
    known = list(dict.fromkeys(code for code in codes if code))
    if len(known) == 1:
        return {"language": known[0]}
    return {"languages": ",".join(known)} if known else {}


def delta_details(
    config: SessionConfig, words: Sequence[Word], *, is_start: bool
) -> dict[str, Any]:
    """Of a delta event. `words`: the delta's; `is_start`: it is the item's first."""
    return {"logprobs": logprobs(words, is_start=is_start)} if config.wants_logprobs else {}


def details(turn: Turn, output: TranscribeOutput, config: SessionConfig) -> dict[str, Any]:
    """Of the completed event: what only some sessions ask for."""
    found: dict[str, Any] = {}
    asked = config.transcription
    if asked and (asked.model or "").lower().startswith("gpt-transcribe"):
        found["languages"] = languages_found(output)
    if config.wants_logprobs:
        words = [word for segment in output.segments for word in segment.words or ()]
        found["logprobs"] = logprobs([*turn.settled_words, *words])
    return found
