"""Health, version and metrics: open to everybody, asked without waking any model."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ingress.door import Door
from ingress.listings import EMBED, SPEECH, TRANSCRIPTIONS, VAD, VOICE_CONVERT, Endpoint, cards
from ingress.version import VERSION

_SUBSYSTEMS: dict[str, Endpoint] = {
    "text_to_speech": SPEECH,
    "speech_to_text": TRANSCRIPTIONS,
    "voice_conversion": VOICE_CONVERT,
    "voice_embedding": EMBED,
    "voice_activity_detection": VAD,
}


def router(door: Door) -> APIRouter:
    routes = APIRouter(tags=["service"])

    @routes.get("/health", responses={503: {"model": dict[str, str]}})
    async def health(response: Response) -> dict[str, str]:
        """HSE's five subsystems. One whose model failed at its last call is unhealthy: 503."""
        states = {name: _state(door, endpoint) for name, endpoint in _SUBSYSTEMS.items()}
        if any(state != "healthy" for state in states.values()):
            response.status_code = 503
        return states

    @routes.get("/health/live")
    async def live() -> dict[str, str]:
        """The process runs. For liveness probes."""
        return {"status": "alive"}

    @routes.get("/health/ready")
    async def ready() -> dict[str, str]:
        """The door is open. Models may sleep or fail behind it: a probe must not close it."""
        return {"status": "ready"}

    @routes.get("/version")
    async def version_() -> dict[str, str]:
        return {"version": VERSION}

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def metrics() -> Response:
        """Prometheus text. Collected in a thread: a scrape must not delay a request."""
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return routes


def _state(door: Door, endpoint: Endpoint) -> str:
    failures = (
        f"{name} ({code})"
        for name in cards(door.catalog.current, endpoint)
        if (code := door.outcomes.of(name)) is not None
    )
    broken = ", ".join(failures)
    return f"unhealthy: {broken}" if broken else "healthy"
