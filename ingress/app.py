"""The public API as one FastAPI application. READ FIRST.

A request passes CORS, observation (id, deadline, log line), the gate (key, rate, how many at once)
and the body limit, then its route: parse, call a model through the client, answer. Faults become
answers in faults.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from contract.catalog import Catalog
from contract.context import REQUEST_ID_HEADER
from ingress import service, shared_paths
from ingress.admission import Admission, BodyLimit
from ingress.errors import install_handlers
from ingress.hse import conversions, embeddings, listings, vad
from ingress.keys import RateLimit, read_keys
from ingress.openai import models, transcriptions
from ingress.openapi import document
from ingress.request_logging import CACHE_HEADER, STEPS_HEADER, RequestLogging
from ingress.settings import Settings
from ingress.state import AppState
from ingress.version import VERSION
from transport.asgi.settings import MEGABYTE
from transport.client.client import Client

DESCRIPTION = (
    "Speech, transcription, voice cloning and restoration, in OpenAI's dialect and in that of "
    "Harmony Speech Engine, on the same paths."
)
_ROUTES = (
    *(shared_paths, transcriptions, models),
    *(vad, embeddings, conversions, listings),
    service,
)


def create_app(settings: Settings, client: Client, catalog: Catalog) -> FastAPI:
    """The application. Raises InvalidConfig when the API keys cannot be read."""
    app_state = AppState(settings, client, catalog)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app_state.decoders:
            yield

    app = FastAPI(
        lifespan=lifespan,
        title="Harmony Speech",
        description=DESCRIPTION,
        version=VERSION,
        docs_url="/docs" if settings.docs_enabled else None,
        redoc_url="/redoc" if settings.docs_enabled else None,
        openapi_url="/openapi.json" if settings.docs_enabled else None,
    )
    for routes in _ROUTES:
        app.include_router(routes.router(app_state))
    app.openapi = document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    install_handlers(app)
    _add_layers(app, settings)
    return app


def _add_layers(app: FastAPI, settings: Settings) -> None:
    """Innermost first."""
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_mb * MEGABYTE)
    app.add_middleware(
        Admission,
        keys=read_keys(settings),
        rate=RateLimit(settings.requests_per_minute),
        max_concurrent=settings.max_requests,
    )
    app.add_middleware(RequestLogging, max_timeout_s=settings.timeout_s)
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[REQUEST_ID_HEADER, STEPS_HEADER, CACHE_HEADER, "retry-after"],
        )
