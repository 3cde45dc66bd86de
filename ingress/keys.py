"""API keys and how often each may call. Without keys callers are counted by address."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cachetools import LRUCache

from contract.config import InvalidConfig
from contract.errors import RateLimited, Unauthorized
from ingress.settings import Settings

_MAX_CALLERS = 10_000
_REMEDY = "send it as 'Authorization: Bearer <key>', 'Api-Key' or 'X-Api-Key'"


class KeyRing:
    """The keys that may call. Only their digests are kept."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._digests = tuple(_digest(key.encode()) for key in keys)
        self._seen: LRUCache[tuple[str, str], bool] = LRUCache(_MAX_CALLERS)

    def __bool__(self) -> bool:
        """Whether a key is needed at all."""
        return bool(self._digests)

    def identify(self, offered: Sequence[bytes]) -> str | None:
        """The holder of the key that is offered, under a name that is the same in every pod and
        tells nothing about the key; None when there are no keys. Raises Unauthorized.

        Every key is compared in full, and digests have one length: the time taken tells nothing.
        """
        if not self._digests:
            return None
        if not offered:
            raise Unauthorized(f"an API key is required; {_REMEDY}")
        candidates = [_digest(value) for value in offered]
        matches = [
            digest
            for digest in self._digests
            for candidate in candidates
            if hmac.compare_digest(digest, candidate)
        ]
        if not matches:
            raise WrongKey(f"the API key is not valid here; {_REMEDY}")
        return _name(matches[0])

    def derived(self, holder: str | None, purpose: bytes) -> bytes:
        """A secret for one purpose, made of the holder's key; the same in every pod.

        Raises ValueError where no key has such a holder. Without keys anybody can make it.
        """
        if not self._digests:
            return _digest(purpose)
        digest = next((one for one in self._digests if _name(one) == holder), None)
        if digest is None:
            raise ValueError("no key has this holder")
        return hmac.digest(digest, purpose, "sha256")

    def is_known(self, holder: str | None, address: str) -> bool:
        """Whether this key has been used from this address before."""
        return holder is None or (holder, address) in self._seen

    def remember(self, holder: str | None, address: str) -> None:
        if holder is not None:
            self._seen[holder, address] = True


class WrongKey(Unauthorized):
    """A key was offered, and it is none of ours: a mistake, or a guess."""


def _digest(value: bytes) -> bytes:
    return hashlib.sha256(value).digest()


def _name(digest: bytes) -> str:
    return f"key-{_digest(digest).hex()[:16]}"


def offered_keys(headers: Mapping[str, str]) -> list[bytes]:
    """Those that a request offers, in any of the usual headers."""
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

    def wait_s(self, caller: str) -> int:
        """Whole seconds until the next request may come; 0 when it may now."""
        if self._per_minute == 0:
            return 0
        tokens = self._refilled(caller).tokens
        return 0 if tokens >= 1 else math.ceil((1 - tokens) * 60 / self._per_minute)

    def take(self, caller: str) -> None:
        """Count one request. Raises RateLimited that says when the next may come."""
        wait_s = self.wait_s(caller)
        if wait_s:
            raise RateLimited(
                f"more than {self._per_minute} requests per minute; wait {wait_s} s",
                retry_after_s=wait_s,
            )
        if self._per_minute:
            self._refilled(caller).tokens -= 1

    def _refilled(self, caller: str) -> _Bucket:
        now_s = self._clock()
        bucket = self._buckets.setdefault(caller, _Bucket(self._per_minute, now_s))
        refill = (now_s - bucket.at_s) * self._per_minute / 60
        bucket.tokens, bucket.at_s = min(self._per_minute, bucket.tokens + refill), now_s
        return bucket
