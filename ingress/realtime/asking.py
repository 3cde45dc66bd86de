"""From a session's configuration to what a recogniser is asked, and what only some get back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contract.tasks import TranscribeOutput, Word
from ingress.endpoints import TRANSCRIPTIONS
from ingress.openai.details import languages_found, logprobs
from ingress.openai.hints import hints
from ingress.realtime.calls import Calls
from ingress.realtime.config import SessionConfig, Transcription
from ingress.realtime.turn import Turn
from ingress.selection import find_model

_FIELD = "session.audio.input.transcription"


def model_of(calls: Calls, name: str | None) -> str:
    """The predictor that transcribes. Raises ModelNotFound."""
    return find_model(calls.snapshot, calls.app_state.settings, TRANSCRIPTIONS, name).id


def options_of(asked: Transcription) -> dict[str, Any]:
    """Fields of TranscribeInput. Blocks when a language's name is the first to be looked up.

    Raises InvalidRequest that names the field.
    """
    languages, words = asked.languages or (), asked.keywords or ()
    return hints(asked.language, languages, asked.prompt, words, within=f"{_FIELD}.")


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
