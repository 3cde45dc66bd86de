"""The public API as one FastAPI application. READ FIRST.

A request's path is corrected (LenientPaths, AzurePaths); then it passes CORS, RequestLogging (id,
deadline, log line) and Admission (key, rate, the body, how many at once), then its route: parse,
call a model through the client, answer. Errors become answers in errors.py.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from importlib import import_module

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from contract.catalog import Catalog
from ingress import service, shared_paths
from ingress.admission import Admission
from ingress.client_body import IGNORED_HEADER
from ingress.errors import install_handlers
from ingress.hse import conversions, embeddings, listings, vad
from ingress.keys import KeyRing, read_keys
from ingress.openai import (
    captioned_speech,
    models,
    speech_activity,
    transcriptions,
    voice_consents,
    voices,
)
from ingress.openai.azure import AzurePaths
from ingress.openapi import document
from ingress.realtime import routes as realtime
from ingress.realtime.origins import THIS_MACHINE, listed
from ingress.request_logging import CACHE_HEADER, STEPS_HEADER, RequestLogging
from ingress.settings import Settings
from ingress.state import AppState
from ingress.version import VERSION
from ingress.web import routes as web
from transport.asgi.paths import LenientPaths
from transport.client.client import Client
from transport.headers import REQUEST_ID_HEADER

_LATE_IMPORTS_AFTER_S = 1.0
DESCRIPTION = (
    "Speech, transcription, voice cloning and restoration, in OpenAI's dialect and in that of "
    "Harmony Speech Engine, on the same paths."
)
_ROUTES = (
    *(
        shared_paths,
        captioned_speech,
        transcriptions,
        speech_activity,
        models,
        voices,
        voice_consents,
    ),
    *(vad, embeddings, conversions, listings),
    service,
)


def create_app(settings: Settings, client: Client, catalog: Catalog) -> FastAPI:
    """The application. Raises InvalidConfig when the API keys cannot be read."""
    keys = read_keys(settings)
    settings = settings.resolved(has_keys=bool(keys))
    app_state = AppState(settings, client, catalog)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with app_state.decoders, aclosing(app_state.voices):
            soon = asyncio.get_running_loop().call_later(_LATE_IMPORTS_AFTER_S, _import_late)
            yield
            soon.cancel()

    app = FastAPI(
        lifespan=lifespan,
        title="Harmony Speech",
        description=DESCRIPTION,
        version=VERSION,
        docs_url=None,  # FastAPI's own pages load from other hosts: web.routes has /docs
        redoc_url=None,
        openapi_url="/openapi.json" if settings.docs != "off" else None,
        redirect_slashes=False,
    )
    for routes in _ROUTES:
        app.include_router(routes.router(app_state))
    app.include_router(realtime.router(app_state, keys))
    app.include_router(web.router(settings))
    app.openapi = document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    install_handlers(app)
    _add_layers(app, app_state, keys)
    return app


def _import_late() -> None:
    """In a thread, so that the first text is read as fast as the second."""
    threading.Thread(target=import_module, args=("ingress.text.reading",), daemon=True).start()


def _add_layers(app: FastAPI, app_state: AppState, keys: KeyRing) -> None:
    """Innermost first."""
    settings = app_state.settings
    app.add_middleware(Admission, app_state=app_state, keys=keys)
    app.add_middleware(RequestLogging, max_timeout_s=settings.timeout_s)
    _add_cors(app, settings.cors_origins)
    app.add_middleware(AzurePaths)
    app.add_middleware(LenientPaths)


def _add_cors(app: FastAPI, origins: str | None) -> None:
    allowed = listed(origins)
    if allowed or origins is None:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allowed,
            allow_origin_regex=THIS_MACHINE if origins is None else None,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                REQUEST_ID_HEADER,
                STEPS_HEADER,
                CACHE_HEADER,
                IGNORED_HEADER,
                "retry-after",
            ],
        )
