"""Who may come in: keys, rates, and how much may be under way at once.

A body is read before its request takes a place, so that slow uploads hold bytes and nothing else.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from contract.errors import PayloadTooLarge, RateLimited
from ingress import client_secrets
from ingress.dialect import API_PATHS, is_below
from ingress.keys import KeyRing, RateLimit, WrongKey, offered_keys
from ingress.request_state import RequestState
from ingress.state import AppState
from transport.asgi.body import read_body, replayed
from transport.asgi.settings import MEGABYTE

DOCUMENT_PATH = "/openapi.json"
METRICS_PATH = "/metrics"
MAX_JSON_ITEMS = 100_000
"""Most values in a JSON body, as its commas tell while it arrives: `[],` is three bytes, and
seventy as an object. An hour's list of speech segments has a few thousand."""
_IPV6_NETWORK_BITS = 64
"""What one subscriber is given (RFC 6177): its addresses count as one caller."""
_KEY_PROTOCOL = "openai-insecure-api-key."
"""Browsers cannot set headers: the key is offered as a subprotocol (openai/openai-node,
src/realtime/websocket.ts, the constructor)."""
SECRET_STATE = "client_secret"
"""Where a socket's ClientSecret lies in the scope's state, if that was its key."""


class Admission:
    """ASGI middleware before every guarded path; health, version and preflights pass."""

    def __init__(self, app: ASGIApp, *, app_state: AppState, keys: KeyRing) -> None:
        settings = app_state.settings
        self._app, self._keys, self._bounds = app, keys, app_state.bounds
        self._max_body_bytes = settings.max_body_mb * MEGABYTE
        self._rate = RateLimit(settings.requests_per_minute)
        self._wrong_keys = RateLimit(settings.wrong_keys_per_minute)
        closed = (METRICS_PATH,) if settings.metrics == "key" else ()
        self._guarded = (*API_PATHS, *closed, *((DOCUMENT_PATH,) if settings.docs == "key" else ()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not self._is_guarded(scope):
            await self._app(scope, receive, send)
            return
        state: RequestState = scope["state"]["state"]
        address = _address(scope)
        key_holder = self._identify(scope, address)
        state.caller = key_holder or address
        state.context = replace(state.context, caller=key_holder or "")
        self._rate.take(state.caller)
        if scope.get("method") == "POST":
            receive = await self._read(scope, receive, state)
        await self._app(scope, receive, send)

    def _is_guarded(self, scope: Scope) -> bool:
        return scope.get("method") != "OPTIONS" and is_below(scope["path"], self._guarded)

    def _identify(self, scope: Scope, address: str) -> str | None:
        """The holder of the key, None when there are no keys. Raises Unauthorized, RateLimited.

        An address that guessed too often is refused before its key counts, unless that key has
        been used from there before: a guesser behind the same proxy locks nobody out.
        """
        try:
            holder = self._holder(scope)
        except WrongKey:
            self._check_guesses(address)
            self._wrong_keys.take(address)
            raise
        if not self._keys.is_known(holder, address):
            self._check_guesses(address)
        self._keys.remember(holder, address)
        return holder

    def _holder(self, scope: Scope) -> str | None:
        offered = offered_keys(Headers(scope=scope))
        if scope["type"] == "websocket":
            names = (name for name in scope["subprotocols"] if name.startswith(_KEY_PROTOCOL))
            offered += [name.removeprefix(_KEY_PROTOCOL).encode("latin-1") for name in names]
            prefix = client_secrets.PREFIX.encode()
            secret = next((value for value in offered if value.startswith(prefix)), None)
            if secret is not None:
                found = client_secrets.read(self._keys, secret.decode("latin-1"))
                scope["state"][SECRET_STATE] = found
                return found.holder
        return self._keys.identify(offered)

    def _check_guesses(self, address: str) -> None:
        wait_s = self._wrong_keys.wait_s(address)
        if wait_s:
            raise RateLimited(
                f"too many wrong API keys from this address; wait {wait_s} s", retry_after_s=wait_s
            )

    async def _read(self, scope: Scope, receive: Receive, state: RequestState) -> Receive:
        caller, lease, bounds = state.caller, state.lease, self._bounds
        bounds.requests.check(caller)  # before the body: it would be read for nothing
        is_form = Headers(scope=scope).get("content-type", "").lower().startswith("multipart/")
        commas = 0

        def inspect(chunk: bytes) -> None:
            nonlocal commas
            lease.hold(bounds.memory, caller, len(chunk))
            commas += 0 if is_form else chunk.count(b",")
            if commas >= MAX_JSON_ITEMS:
                raise PayloadTooLarge(
                    f"the body holds more than {MAX_JSON_ITEMS} JSON values", param="body"
                )

        body = await read_body(scope, receive, max_bytes=self._max_body_bytes, inspect=inspect)
        lease.take(bounds.requests, caller)
        return replayed(body, receive)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    if client is None:
        return "unknown"
    try:
        address = ipaddress.ip_address(client[0])
    except ValueError:
        return str(client[0])[:64]
    if address.version == 4:
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    network = ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False)
    return str(network.network_address)
