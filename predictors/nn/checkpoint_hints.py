"""Telling from the names in a weight file which model type it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_SIGNS = {
    "HarmonySpeechEncoder": "similarity_weight",
    "HarmonySpeechSynthesizer": "dur_pred.embedding.weight",
    "HarmonySpeechVocoder": "melgan.1.bias",
    "MeloTTSSynthesizer": "enc_p.language_emb.weight",
    "OpenVoiceV1Synthesizer": "enc_p.emb.weight",
    "an OpenVoice tone converter": "ref_enc.layernorm.bias",
    "VoiceFixerRestorer": "generator.unet.after_conv2.bias",
    "VoiceFixerVocoder": "condnet.0.bias",
}
"""A name that nobody further down the table has."""
_MOST_LEVELS = 3
"""Dicts that a container wraps around its weights: checkpoint["model"]["generator"]["melgan..."]"""


def owner_of(content: Mapping[str, Any]) -> str | None:
    """The model type whose weights these are; None where no name tells.

    `content` is a checkpoint with its containers, or the state dict alone.
    """
    names = set(_names(content))
    return next((kind for kind, sign in _SIGNS.items() if sign in names), None)


def looks_like_another(content: Mapping[str, Any]) -> str:
    """A sentence for a file that holds other weights than were asked for; named if known."""
    found = owner_of(content)
    named = f" ({found})" if found else ""
    return f"This looks like another family{named}: check the model type and the file."


def _names(content: Mapping[str, Any], levels: int = _MOST_LEVELS) -> Iterator[str]:
    for name, value in content.items():
        yield name
        if levels > 1 and isinstance(value, Mapping):
            yield from _names(value, levels - 1)
