"""WS /v1/realtime, and POST /v1/realtime/client_secrets for the keys of browsers."""

from __future__ import annotations

import re
import time
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.websockets import WebSocket

from contract.errors import InvalidRequest, ModelNotFound, NotFound
from ingress import client_secrets
from ingress.admission import SECRET_STATE
from ingress.client_secrets import ClientSecret
from ingress.json_body import JsonRoute
from ingress.keys import KeyRing
from ingress.openapi import OPENAI_ERRORS
from ingress.realtime import events, metrics
from ingress.realtime.asking import model_of, options_of
from ingress.realtime.calls import Calls, Places
from ingress.realtime.config import SessionConfig
from ingress.realtime.origins import check_origin
from ingress.realtime.session import PATH, Session, session_object
from ingress.request_state import RequestState, request_state_of
from ingress.state import AppState

MAX_MESSAGE_MB = 21
"""Largest event: 15 MiB of sound, as OpenAI takes in one append (openai-python,
types/realtime/input_audio_buffer_append_event.py), in base64."""
_SUBPROTOCOL = "realtime"
_SPEECH_TO_SPEECH = re.compile(r"gpt-(4o-)?(mini-)?(realtime|audio)(-mini)?(-preview)?(-\d.*)?")
"""OpenAI's models that talk. As `model` of the address they say nothing of the transcription."""


class UpgradeRequired(InvalidRequest):
    status = 426
    code = "upgrade_required"


class ExpiresAfter(BaseModel):
    seconds: int = Field(default=600, ge=10, le=7200)


class ClientSecretRequest(BaseModel):
    expires_after: ExpiresAfter | None = None
    session: dict[str, Any] | None = None


class ClientSecretAnswer(BaseModel):
    value: str
    expires_at: int
    session: dict[str, Any]


def router(app_state: AppState, keys: KeyRing) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["realtime"])
    places = Places(max(1, app_state.settings.max_requests_per_model // 2))

    def calls(state: RequestState) -> Calls:
        return Calls(app_state, places, state)

    @routes.websocket(PATH)
    async def realtime(socket: WebSocket) -> None:
        state = request_state_of(socket)
        check_origin(socket.headers, app_state.settings.cors_origins)
        if not app_state.settings.realtime_sessions:
            raise NotFound("this server has no realtime sessions (SPEECH_REALTIME_SESSIONS)")
        config = _first_config(socket, calls(state))
        state.lease.take(app_state.bounds.sessions, state.caller)
        offered = socket.scope["subprotocols"]
        await socket.accept(_SUBPROTOCOL if _SUBPROTOCOL in offered else None)
        state.status = 101
        with metrics.SESSIONS.track_inprogress():
            await Session(socket, calls(state), state, config).run()

    routes.add_api_route(PATH, _no_socket, include_in_schema=False)

    async def secret_of(session: Any, seconds: int, state: RequestState) -> ClientSecretAnswer:
        return await _secret_of(session, seconds, calls(state), state, app_state, keys)

    @routes.post(f"{PATH}/client_secrets", responses=OPENAI_ERRORS)
    async def secrets(request: Request, body: ClientSecretRequest) -> ClientSecretAnswer:
        """A key for a browser: short-lived, for realtime sessions so configured."""
        seconds = (body.expires_after or ExpiresAfter()).seconds
        return await secret_of(body.session, seconds, request_state_of(request))

    @routes.post(f"{PATH}/transcription_sessions", responses=OPENAI_ERRORS)
    async def sessions(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        """The same in the shape of OpenAI's API before client_secrets."""
        answer = await secret_of(body, ExpiresAfter().seconds, request_state_of(request))
        return _in_old_shape(answer, body)

    return routes


async def _no_socket() -> None:
    """What comes here has lost its upgrade, mostly in a proxy."""
    raise UpgradeRequired(
        "realtime sessions are WebSockets: connect by ws:// or wss://, and let proxies in "
        "between pass the headers Upgrade and Connection on"
    )


def _in_old_shape(answer: ClientSecretAnswer, body: dict[str, Any]) -> dict[str, Any]:
    names = ("input_audio_format", "input_audio_transcription", "turn_detection", "include")
    return {
        "id": answer.session["id"],
        "object": "realtime.transcription_session",
        **{name: body.get(name) for name in names},
        "client_secret": {"value": answer.value, "expires_at": answer.expires_at},
    }


async def _secret_of(
    session: Any,
    seconds: int,
    calls: Calls,
    state: RequestState,
    app_state: AppState,
    keys: KeyRing,
) -> ClientSecretAnswer:
    config = SessionConfig().updated(session) if session else SessionConfig()
    if config.transcription is not None:
        await app_state.in_thread(options_of, config.transcription)
        model_of(calls, config.transcription.model)
    now = int(time.time())
    secret = ClientSecret(state.context.caller or None, config.settings, now + seconds)
    expires_at = now + int(app_state.settings.realtime_session_s)
    shown = session_object(events.new_id("sess"), expires_at, config)
    return ClientSecretAnswer(
        value=client_secrets.write(keys, secret), expires_at=secret.expires_at, session=shown
    )


def _first_config(socket: WebSocket, calls: Calls) -> SessionConfig:
    """What a client secret or the address says. Raises ModelNotFound."""
    secret: ClientSecret | None = socket.scope["state"].get(SECRET_STATE)
    if secret is not None:
        return SessionConfig().updated(secret.session)
    model = socket.query_params.get("model") or None
    if model is not None:
        try:
            model_of(calls, model)
        except ModelNotFound:
            if not _SPEECH_TO_SPEECH.fullmatch(model):
                raise
            model = None
    return SessionConfig(model)
