"""Recordings and embeddings at rest: AES-256-GCM, bound to the row that they stand in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: 96 bits, random
_NAME_BYTES = 8
_PLAIN, ENCRYPTED = b"\x00", b"\x01"
"""The first byte of what is stored."""


class CannotDecrypt(Exception):
    """Encrypted with a key that is not configured, or changed since."""


class RecordCipher:
    """Encrypts with the first key and decrypts with any. Without keys data stays as it is."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        self._first = _name(keys[0]) if keys else None

    def encrypt(self, data: bytes, place: str) -> bytes:
        """`place` is whose data it is and which (associated data): nowhere else it decrypts."""
        if self._first is None:
            return _PLAIN + data
        nonce = os.urandom(_NONCE_BYTES)
        text = self._ciphers[self._first].encrypt(nonce, data, place.encode())
        return ENCRYPTED + self._first + nonce + text

    def decrypt(self, data: bytes, place: str) -> bytes:
        """Raises CannotDecrypt."""
        kind, rest = data[:1], data[1:]
        if kind == _PLAIN:
            return rest
        name, nonce = rest[:_NAME_BYTES], rest[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(name)
        if kind != ENCRYPTED or cipher is None:
            raise CannotDecrypt("encrypted with a key that is not in SPEECH_VOICES_KEYS")
        try:
            return cipher.decrypt(nonce, rest[_NAME_BYTES + _NONCE_BYTES :], place.encode())
        except (InvalidTag, ValueError):  # ValueError: cut short
            raise CannotDecrypt("changed since it was encrypted") from None


def _name(key: bytes) -> bytes:
    """Which key it is, without telling anything of it."""
    return hashlib.sha256(b"harmony-speech voices " + key).digest()[:_NAME_BYTES]
