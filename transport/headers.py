"""A request's context in the headers of HTTP and the metadata of gRPC.

`x-request-id`, `x-speech-priority` (interactive | batch), `x-speech-timeout-ms` (what is left of
the caller's patience; relative, so that clocks need not agree, as in gRPC), W3C `traceparent`
(https://www.w3.org/TR/trace-context/), and `cache-control: no-store`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from contract.context import (
    DEFAULT_TIMEOUT_S,
    Priority,
    RequestContext,
    new_request_id,
    new_traceparent,
)
from contract.errors import InvalidRequest

REQUEST_ID_HEADER = "x-request-id"
PRIORITY_HEADER = "x-speech-priority"
TIMEOUT_HEADER = "x-speech-timeout-ms"
TRACEPARENT_HEADER = "traceparent"
CALLER_HEADER = "x-speech-caller"
"""Set by the ingress, which believes nobody else's. Whoever reaches a predictor or a toolchain
directly may claim any; a network policy keeps strangers away from those."""

CACHE_CONTROL_HEADER = "cache-control"
"""`no-store` (RFC 9111, section 5.2.1.5): no room keeps anything of the request or its answer."""

_CALLER = re.compile(r"[A-Za-z0-9-]{1,64}")
_NO_STORE = re.compile(r"(?i)(?:^|,)\s*no-store\s*(?:,|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Ids of zeros only are invalid: the standard's section 3.2.2.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def context_headers(context: RequestContext) -> dict[str, str]:
    headers = {
        REQUEST_ID_HEADER: context.request_id,
        PRIORITY_HEADER: context.priority.value,
        TIMEOUT_HEADER: str(max(1, int(context.remaining_s * 1000))),
        TRACEPARENT_HEADER: context.traceparent,
    }
    if context.caller:
        headers[CALLER_HEADER] = context.caller
    if context.is_private:
        headers[CACHE_CONTROL_HEADER] = "no-store"
    return headers


def context_from_headers(
    headers: Mapping[str, str], *, max_timeout_s: float = DEFAULT_TIMEOUT_S
) -> RequestContext:
    """Read a context; absent or foreign ids are made anew, wrong priority or timeout is refused.

    `headers` must be looked up by lower-case names.
    """
    request_id = headers.get(REQUEST_ID_HEADER, "")
    traceparent = headers.get(TRACEPARENT_HEADER, "")
    caller = headers.get(CALLER_HEADER, "")
    return RequestContext(
        request_id=request_id if _REQUEST_ID.fullmatch(request_id) else new_request_id(),
        priority=_priority(headers.get(PRIORITY_HEADER)),
        deadline_s=time.monotonic() + min(_timeout_s(headers.get(TIMEOUT_HEADER)), max_timeout_s),
        caller=caller if _CALLER.fullmatch(caller) else "",
        traceparent=traceparent if _TRACEPARENT.fullmatch(traceparent) else new_traceparent(),
        is_private=_NO_STORE.search(headers.get(CACHE_CONTROL_HEADER, "")) is not None,
    )


def _priority(value: str | None) -> Priority:
    if value is None:
        return Priority.INTERACTIVE
    try:
        return Priority(value.lower())
    except ValueError:
        known = " or ".join(Priority)
        raise InvalidRequest(f"{PRIORITY_HEADER} must be {known}", param=PRIORITY_HEADER) from None


def _timeout_s(value: str | None) -> float:
    if value is None:
        return float("inf")
    if not re.fullmatch(r"[1-9][0-9]{0,11}", value):
        raise InvalidRequest(
            f"{TIMEOUT_HEADER} must be a positive whole number of milliseconds",
            param=TIMEOUT_HEADER,
        )
    return int(value) / 1000
