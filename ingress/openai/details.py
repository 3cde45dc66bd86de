"""What only some models and requests of OpenAI's get back beside the text."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from contract.tasks import TranscribeOutput, Word
from ingress.languages import standard_code

_SMALLEST_PROBABILITY = 1e-10


def languages_found(transcript: TranscribeOutput) -> list[dict[str, str]]:
    """None where nothing was heard (openai-python, types/audio/transcription.py, `languages`)."""
    if not transcript.text or not transcript.language:
        return []
    return [{"code": standard_code(transcript.language)}]


def logprobs(words: Iterable[Word], *, is_start: bool = True) -> list[dict[str, Any]]:
    """A word is a token: the recogniser gives each word the mean probability of its tokens.

    `is_start`: the text begins here, without the space before its first word.
    """
    return [
        _logprob(word, word.word.lstrip() if is_start and number == 0 else word.word)
        for number, word in enumerate(words)
    ]


def _logprob(word: Word, token: str) -> dict[str, Any]:
    logprob = math.log(max(word.probability, _SMALLEST_PROBABILITY))
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
