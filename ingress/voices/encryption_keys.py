"""The keys that encrypt recordings and embeddings, as SPEECH_VOICES_KEYS gives them."""

from __future__ import annotations

import base64
import binascii

KEY_BYTES = 32
UNENCRYPTED = "none"
"""Instead of keys: recordings are meant to be stored as they are."""


def read_encryption_keys(text: str) -> tuple[bytes, ...]:
    """Keys of base64, separated by commas. Raises ValueError."""
    keys: list[bytes] = []
    if text.strip() == UNENCRYPTED:
        return ()
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            key = base64.b64decode(part, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(
                f"each key must be {KEY_BYTES} bytes in base64: openssl rand -base64 32"
            )
        keys.append(key)
    return tuple(keys)
