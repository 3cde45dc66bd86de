"""Blends of voices as clients spell them: `af_bella(2)+af_sky(1)`.

The spelling is Kokoro-FastAPI's (remsky/Kokoro-FastAPI, README, "Voice Combination").
"""

from __future__ import annotations

import re

from contract.errors import InvalidRequest

_PART = re.compile(r"(?P<name>[^\s()+]+)(?:\((?P<weight>\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})\))?")
_MAX_PARTS = 16

Blend = tuple[tuple[str, float], ...]
"""Voices, each once, with their shares, which sum to 1."""


def is_blend(voice: str) -> bool:
    return "+" in voice or "(" in voice


def parse_blend(voice: str) -> Blend:
    """Voices and shares; a plain name is a blend of one. Raises InvalidRequest(param=voice)."""
    weights: dict[str, float] = {}
    parts = "".join(voice.split()).split("+")
    if len(parts) > _MAX_PARTS:
        raise _refused(f"voice blends {len(parts)} voices; the most is {_MAX_PARTS}")
    for part in parts:
        match = _PART.fullmatch(part)
        if match is None:
            raise _refused(f"voice has the part {part[:40]!r}")
        weight = float(match["weight"] or 1)
        if weight <= 0:
            raise _refused(f"voice gives {match['name'][:40]!r} no weight")
        weights[match["name"]] = weights.get(match["name"], 0.0) + weight
    total = sum(weights.values())
    return tuple((name, weight / total) for name, weight in weights.items())


def _refused(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"{what}; write a blend as names with weights above 0, like name_one(2)+name_two(1)",
        param="voice",
    )
