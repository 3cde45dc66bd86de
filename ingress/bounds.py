"""How much the ingress has under way at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ingress.settings import Settings
from transport.asgi.bulkheads import Bulkhead
from transport.asgi.settings import MEGABYTE

_SHARE = 0.75
"""Of a model's places for one caller: readers of endless speeches leave some to others."""


@dataclass(frozen=True)
class Bounds:
    """On what is under way: requests by caller, requests by model, bytes by caller."""

    requests: Bulkhead
    models: Bulkhead
    model_shares: Bulkhead
    """Of each model by caller: the keys are of both."""
    memory: Bulkhead
    sessions: Bulkhead
    """Realtime sessions by caller."""


def bounds_of(settings: Settings) -> Bounds:
    most, most_bytes = settings.max_requests, settings.max_held_mb * MEGABYTE
    share = math.ceil(_SHARE * settings.max_requests_per_model)
    return Bounds(
        Bulkhead(
            most,
            settings.max_requests_per_caller,
            full=f"{most} requests are already under way; come back shortly",
            full_for_key=f"you have {settings.max_requests_per_caller} requests under way; "
            "wait for one of them",
        ),
        Bulkhead(
            most,
            settings.max_requests_per_model,
            full=f"{most} requests are already under way; come back shortly",
            full_for_key=f"{{key}} has {settings.max_requests_per_model} requests under way; "
            "come back shortly",
        ),
        Bulkhead(
            most,
            share,
            full=f"{most} requests are already under way; come back shortly",
            full_for_key=f"you have {share} requests of one model under way; wait for one of them",
        ),
        Bulkhead(
            most_bytes,
            most_bytes // 2,
            full="the recordings under way fill the server's memory; come back shortly",
            full_for_key="your recordings under way fill your share of the server's memory; "
            "wait for one of them",
        ),
        Bulkhead(
            settings.realtime_sessions,
            settings.realtime_sessions_per_caller,
            full=f"{settings.realtime_sessions} realtime sessions are open; come back shortly",
            full_for_key=f"you have {settings.realtime_sessions_per_caller} realtime sessions "
            "open; close one of them",
        ),
    )
