"""What travels with a request through every hop: id, priority, deadline, trace, caller."""

from __future__ import annotations

import json
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from contract.errors import DeadlineExceeded
from contract.lifecycle import StepTiming

DEFAULT_TIMEOUT_S = 600.0
"""How long OpenAI's clients wait (openai-python, src/openai/_constants.py, DEFAULT_TIMEOUT)."""


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
