"""HSE's six listings: what each endpoint can be asked for, with languages and voices."""

from __future__ import annotations

from fastapi import APIRouter

from ingress.endpoints import (
    AUDIO_CONVERT,
    EMBED,
    OWNER,
    SPEECH,
    TRANSCRIPTIONS,
    VAD,
    VOICE_CONVERT,
    Endpoint,
    ListedModel,
    listed_models,
)
from ingress.hse.schemas import LanguageOptions, ModelCard, ModelCardList, VoiceOptions
from ingress.openapi import HSE_ERRORS
from ingress.state import AppState

_LISTINGS: dict[str, Endpoint] = {
    "/v1/audio/speech/models": SPEECH,
    "/v1/audio/transcriptions/models": TRANSCRIPTIONS,
    "/v1/audio/vad/models": VAD,
    "/v1/embed/models": EMBED,
    "/v1/voice/convert/models": VOICE_CONVERT,
    "/v1/audio/convert/models": AUDIO_CONVERT,
}


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["models"])
    for path, endpoint in _LISTINGS.items():
        _add_listing(routes, app_state, path, endpoint)
    return routes


def _add_listing(routes: APIRouter, app_state: AppState, path: str, endpoint: Endpoint) -> None:
    async def listing() -> ModelCardList:
        """Models and toolchains of this endpoint, with their languages and voices."""
        found = listed_models(app_state.catalog.current, endpoint).values()
        return ModelCardList(data=[_card(app_state, model) for model in found])

    name = path.removeprefix("/v1/").replace("/", "_")
    routes.add_api_route(path, listing, methods=["GET"], name=name, responses=HSE_ERRORS)


def _card(app_state: AppState, model: ListedModel) -> ModelCard:
    return ModelCard(
        id=model.id,
        object="toolchain" if model.is_toolchain else "model",
        created=app_state.opened_at,
        owned_by=OWNER,
        languages=[
            LanguageOptions(language=language, voices=[VoiceOptions(voice=v) for v in voices])
            for language, voices in model.languages.items()
        ],
        root=model.id,
        parent=None,
        modes=list(model.modes),
    )
