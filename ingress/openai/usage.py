"""What a request cost, as OpenAI counts it."""

from __future__ import annotations

import math
from typing import Any

_TOKENS_PER_S = 50
"""Whisper's encoder gives 1500 positions for 30 seconds."""
EVENTS_MODEL = "gpt-"
"""Whatever answers: the events of OpenAI's streams know tokens only."""


def usage_of(model: str | None, duration_s: float, text_tokens: int) -> dict[str, Any]:
    """Tokens for OpenAI's gpt- names, seconds for whisper-1 and all others."""
    if not (model or "").lower().startswith("gpt-"):
        return {"type": "duration", "seconds": duration_s}
    heard = math.ceil(duration_s * _TOKENS_PER_S)
    return {
        "type": "tokens",
        "input_tokens": heard,
        "output_tokens": text_tokens,
        "total_tokens": heard + text_tokens,
        "input_token_details": {"audio_tokens": heard, "text_tokens": 0},
    }


def speech_usage(text: str, spoken_s: float) -> dict[str, Any]:
    """Voices here read characters, so a character is a token."""
    read, spoken = len(text), round(spoken_s * _TOKENS_PER_S)
    return {"input_tokens": read, "output_tokens": spoken, "total_tokens": read + spoken}
