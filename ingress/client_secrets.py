"""Short-lived keys for browsers, which open realtime sessions and nothing else.

A secret is a signed note: until when it holds, whose it is, how the session begins. It is signed
by what is derived from its owner's API key, so that every replica can check it and none has to
keep it; with the key go its secrets. Where no keys are used anybody may come in, and the
signature only finds slips.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from contract.errors import InvalidRequest, Unauthorized
from ingress.keys import KeyRing, WrongKey

PREFIX = "ek_"
_MOST_CHARACTERS = 6000
"""It travels in one header line; the WebSocket library reads 8192 bytes of one
(websockets/http11.py, MAX_LINE_LENGTH)."""


@dataclass(frozen=True)
class ClientSecret:
    holder: str | None
    """Of the API key that asked for it; None where no keys are used."""
    session: dict[str, Any]
    expires_at: int
    """Unix seconds."""


def write(keys: KeyRing, secret: ClientSecret) -> str:
    """The secret as a client sends it. Raises InvalidRequest for too long a session."""
    note = {"e": secret.expires_at, "h": secret.holder, "s": secret.session}
    body = _text(json.dumps(note, separators=(",", ":")).encode())
    value = f"{PREFIX}{body}.{_text(_signature(keys, secret.holder, body))}"
    if len(value) > _MOST_CHARACTERS:
        raise InvalidRequest(
            "session is too long for a client secret; send prompt and keywords by session.update",
            param="session",
        )
    return value


def read(keys: KeyRing, value: str) -> ClientSecret:
    """Raises WrongKey for what was not written here, Unauthorized once it has expired."""
    body, _, signature = value.removeprefix(PREFIX).partition(".")
    try:
        note = json.loads(_bytes(body))
        secret = ClientSecret(note["h"], dict(note["s"]), int(note["e"]))
        is_right = hmac.compare_digest(_bytes(signature), _signature(keys, secret.holder, body))
    except (ValueError, TypeError, KeyError, RecursionError):
        is_right = False
    if not is_right:
        raise WrongKey("the client secret is not valid here; ask for another")
    if secret.expires_at <= time.time():
        raise Unauthorized("the client secret has expired; ask for another")
    return secret


def _signature(keys: KeyRing, holder: str | None, body: str) -> bytes:
    """Raises ValueError where nobody has this name any more."""
    return hmac.digest(keys.derived(holder, b"realtime client secrets"), body.encode(), "sha256")


def _text(data: bytes) -> str:
    """URL-safe and without padding: a subprotocol is an HTTP token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
