"""API keys and how often each may call. Without keys callers are counted by address."""

from __future__ import annotations

import hmac
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cachetools import LRUCache

from contract.config import InvalidConfig
from contract.errors import RateLimited, Unauthorized
from ingress.settings import Settings

_MAX_CALLERS = 10_000
_REMEDY = "send it as 'Authorization: Bearer <key>', 'Api-Key' or 'X-Api-Key'"


class KeyRing:
    """The keys that may call."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = tuple(key.encode() for key in keys)

    def identify(self, headers: Mapping[str, str]) -> str | None:
        """The caller as `key-<n>`, None when there are no keys. Raises Unauthorized.

        Every key is compared in full, so that the time taken tells nothing.
        """
        if not self._keys:
            return None
        offered = _offered(headers)
        if not offered:
            raise Unauthorized(f"an API key is required; {_REMEDY}")
        matches = [
            number
            for number, key in enumerate(self._keys)
            for candidate in offered
            if hmac.compare_digest(key, candidate)
        ]
        if not matches:
            raise Unauthorized(f"the API key is not valid here; {_REMEDY}")
        return f"key-{matches[0]}"


def _offered(headers: Mapping[str, str]) -> list[bytes]:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    values = (bearer, headers.get("api-key", ""), headers.get("x-api-key", ""))
    return [value.encode("latin-1") for value in values if value]


def read_keys(settings: Settings) -> KeyRing:
    """Collect the keys of both settings. Raises InvalidConfig when a named file gives none."""
    keys = [key.strip() for key in settings.api_keys.get_secret_value().split(",")]
    if settings.api_keys_file is not None:
        keys += _read_file(settings)
    found = tuple(dict.fromkeys(filter(None, keys)))
    if any(not key.isascii() for key in found):
        raise InvalidConfig("SPEECH_API_KEYS: keys are ASCII; HTTP headers carry nothing else")
    return KeyRing(found)


def _read_file(settings: Settings) -> list[str]:
    assert settings.api_keys_file is not None
    try:
        lines = settings.api_keys_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidConfig(
            f"SPEECH_API_KEYS_FILE cannot be read ({type(exc).__name__}); mount it or unset it"
        ) from exc
    keys = [line.strip() for line in lines if line.strip()]
    if not keys:
        raise InvalidConfig("SPEECH_API_KEYS_FILE holds no key; add one per line or unset it")
    return keys


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float


class RateLimit:
    """Token buckets of one minute's requests, refilled evenly; the oldest callers are forgotten."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._clock = per_minute, clock
        self._buckets: LRUCache[str, _Bucket] = LRUCache(_MAX_CALLERS)

    def take(self, caller: str) -> None:
        """Count one request. Raises RateLimited that says when the next may come."""
        if self._per_minute == 0:
            return
        now_s = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._per_minute, now_s))
        refill = (now_s - bucket.at_s) * self._per_minute / 60
        bucket.tokens, bucket.at_s = min(self._per_minute, bucket.tokens + refill), now_s
        if bucket.tokens < 1:
            wait_s = math.ceil((1 - bucket.tokens) * 60 / self._per_minute)
            raise RateLimited(
                f"more than {self._per_minute} requests per minute; wait {wait_s} s",
                retry_after_s=wait_s,
            )
        bucket.tokens -= 1
