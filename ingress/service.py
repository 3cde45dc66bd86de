"""Health and version, open to everybody; metrics, open as is set. None wakes a model."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from contract.catalog import Availability
from ingress.endpoints import (
    EMBED,
    SPEECH,
    TRANSCRIPTIONS,
    VAD,
    VOICE_CONVERT,
    Endpoint,
    listed_models,
)
from ingress.state import AppState
from ingress.version import VERSION

Health = dict[str, str | dict[str, str]]
_SUBSYSTEMS: dict[str, Endpoint] = {
    "text_to_speech": SPEECH,
    "speech_to_text": TRANSCRIPTIONS,
    "voice_conversion": VOICE_CONVERT,
    "voice_embedding": EMBED,
    "voice_activity_detection": VAD,
}


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["service"])

    @routes.get("/health", responses={503: {"model": Health}})
    async def health(response: Response) -> Health:
        """HSE's five subsystems. One whose model failed at its last call is unhealthy: 503.

        Where a cluster is watched, a model that is not ready there is unhealthy, one that is scaled
        to zero is not, and `models` tells the state of each.
        """
        states = {name: _state(app_state, endpoint) for name, endpoint in _SUBSYSTEMS.items()}
        if any(state != "healthy" for state in states.values()):
            response.status_code = 503
        availability = app_state.catalog.current.availability
        return {**states, "models": dict(availability)} if availability else {**states}

    @routes.get("/health/live")
    async def live() -> dict[str, str]:
        """The process runs. For liveness probes."""
        return {"status": "alive"}

    @routes.get("/health/ready")
    async def ready() -> dict[str, str]:
        """The server answers. Models may sleep or fail behind it: a probe must not close it."""
        return {"status": "ready"}

    @routes.get("/version")
    async def version_() -> dict[str, str]:
        return {"version": VERSION}

    if app_state.settings.metrics != "off":
        _add_metrics(routes)
    return routes


def _add_metrics(routes: APIRouter) -> None:
    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        """Prometheus text. Collected in a thread: a scrape must not delay a request."""
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


def _state(app_state: AppState, endpoint: Endpoint) -> str:
    snapshot = app_state.catalog.current
    errors = {
        name: app_state.failures.get(name) or _absence(snapshot.availability.get(name))
        for name in listed_models(snapshot, endpoint)
    }
    broken = ", ".join(f"{name} ({error})" for name, error in errors.items() if error)
    return f"unhealthy: {broken}" if broken else "healthy"


def _absence(availability: Availability | None) -> str | None:
    return availability.value if availability is Availability.NOT_READY else None
