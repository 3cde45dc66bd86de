"""Recordings and embeddings at rest: AES-256-GCM, bound to the row that they stand in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12  # NIST SP 800-38D, section 8.2: 96 bits, random
_NAME_BYTES = 8
_PLAIN, _SEALED = b"\x00", b"\x01"


class CannotOpen(Exception):
    """Sealed with a key that is not configured, or not what was sealed."""


class Sealer:
    """Seals with the first key and opens with any. Without keys data stays as it is."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        self._first = _name(keys[0]) if keys else None

    def seal(self, data: bytes, place: str) -> bytes:
        """`place` is whose data it is and what; it opens nowhere else."""
        if self._first is None:
            return _PLAIN + data
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._first].encrypt(nonce, data, place.encode())
        return _SEALED + self._first + nonce + sealed

    def open(self, data: bytes, place: str) -> bytes:
        """Raises CannotOpen."""
        kind, rest = data[:1], data[1:]
        if kind == _PLAIN:
            return rest
        name, nonce = rest[:_NAME_BYTES], rest[_NAME_BYTES : _NAME_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(name)
        if kind != _SEALED or cipher is None:
            raise CannotOpen("sealed with a key that is not in SPEECH_VOICES_KEYS")
        try:
            return cipher.decrypt(nonce, rest[_NAME_BYTES + _NONCE_BYTES :], place.encode())
        except InvalidTag:
            raise CannotOpen("not what was sealed there") from None


def _name(key: bytes) -> bytes:
    """Which key it is, without telling anything of it."""
    return hashlib.sha256(b"harmony-speech voices " + key).digest()[:_NAME_BYTES]
