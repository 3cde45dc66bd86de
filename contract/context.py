"""What travels with a request through every hop: id, priority, deadline, trace, caller.

Headers: `x-request-id`, `x-speech-priority` (interactive | batch), `x-speech-timeout-ms` (what is
left of the caller's patience; relative, so that clocks need not agree, as in gRPC), W3C
`traceparent` (https://www.w3.org/TR/trace-context/), and `cache-control: no-store`.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contract.errors import DeadlineExceeded, InvalidRequest
from contract.lifecycle import StepTiming

REQUEST_ID_HEADER = "x-request-id"
PRIORITY_HEADER = "x-speech-priority"
TIMEOUT_HEADER = "x-speech-timeout-ms"
TRACEPARENT_HEADER = "traceparent"
CALLER_HEADER = "x-speech-caller"
"""Set by the ingress, which believes nobody else's. Whoever reaches a predictor or a toolchain
directly may claim any; a network policy keeps strangers away from those."""

CACHE_CONTROL_HEADER = "cache-control"
"""`no-store` (RFC 9111, section 5.2.1.5): no room keeps anything of the request or its answer."""

DEFAULT_TIMEOUT_S = 300.0
_CALLER = re.compile(r"[A-Za-z0-9-]{1,64}")
_NO_STORE = re.compile(r"(?i)(?:^|,)\s*no-store\s*(?:,|$)")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Ids of zeros only are invalid: the standard's section 3.2.2.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Priority(StrEnum):
    INTERACTIVE = "interactive"
    BATCH = "batch"


def new_request_id() -> str:
    return secrets.token_hex(16)


def new_traceparent() -> str:
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@dataclass(slots=True)
class Trace:
    """What happened on the way: filled by whoever runs steps, read by whoever answers."""

    steps: list[StepTiming] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    cache_hits: list[str] = field(default_factory=list)
    """Models whose answer came from a cache."""

    def to_json(self) -> str:
        steps = [(one.step, round(one.start_s, 4), round(one.duration_s, 4)) for one in self.steps]
        return json.dumps({"steps": steps, "statuses": self.statuses, "hits": self.cache_hits})

    def merge_json(self, text: str) -> None:
        """Add what another room reported; a report we cannot read is not worth an error."""
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            report = json.loads(text)
            steps = [StepTiming(str(n), float(s), float(d)) for n, s, d in report["steps"]]
            statuses = [str(status) for status in report["statuses"]]
            hits = [str(model) for model in report["hits"]]
            self.steps += steps
            self.statuses += statuses
            self.cache_hits += hits


@dataclass(frozen=True, slots=True)
class RequestContext:
    """`deadline_s` is an instant of `time.monotonic()`; `trace` is shared by all its copies."""

    request_id: str = field(default_factory=new_request_id)
    priority: Priority = Priority.INTERACTIVE
    deadline_s: float = field(default_factory=lambda: time.monotonic() + DEFAULT_TIMEOUT_S)
    traceparent: str = field(default_factory=new_traceparent)
    trace: Trace = field(default_factory=Trace)
    caller: str = ""
    """Whose request it is, as the ingress found by the API key; empty where keys are not used."""
    is_private: bool = False
    """Whether every cache on the way has to pass it by."""

    @property
    def remaining_s(self) -> float:
        return self.deadline_s - time.monotonic()

    def check_deadline(self) -> None:
        """Raise DeadlineExceeded once the caller's time is up."""
        if self.remaining_s <= 0:
            raise DeadlineExceeded("the request's deadline has passed; allow it more time")

    def within(self, timeout_s: float) -> RequestContext:
        """The same request with at most `timeout_s` left."""
        return replace(self, deadline_s=min(self.deadline_s, time.monotonic() + timeout_s))

    def to_headers(self) -> dict[str, str]:
        caller = {CALLER_HEADER: self.caller} if self.caller else {}
        cache = {CACHE_CONTROL_HEADER: "no-store"} if self.is_private else {}
        return (
            caller
            | cache
            | {
                REQUEST_ID_HEADER: self.request_id,
                PRIORITY_HEADER: self.priority.value,
                TIMEOUT_HEADER: str(max(1, int(self.remaining_s * 1000))),
                TRACEPARENT_HEADER: self.traceparent,
            }
        )


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
