"""What can be asked for: OpenAI's /v1/models and HSE's six listings."""

from __future__ import annotations

from fastapi import APIRouter

from contract.errors import ModelNotFound
from ingress.hse.schemas import LanguageOptions, ModelCard, ModelCardList, VoiceOptions
from ingress.listings import (
    AUDIO_CONVERT,
    EMBED,
    SPEECH,
    TRANSCRIPTIONS,
    VAD,
    VOICE_CONVERT,
    Endpoint,
    ListedModel,
    all_names,
    cards,
)
from ingress.openai.schemas import Model, ModelList, Voice, VoiceList
from ingress.openapi import HSE_FAULTS, OPENAI_FAULTS
from ingress.selection import OPENAI_VOICES, openai_names
from ingress.state import AppState
from ingress.wording import shown

OWNER = "harmony-ai-solutions"
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

    @routes.get("/v1/models", responses=OPENAI_FAULTS, response_model_exclude_none=True)
    async def models() -> ModelList:
        """Every name that some endpoint answers to: models, toolchains, aliases."""
        return ModelList(data=[_model(app_state, name) for name in _names(app_state)])

    @routes.get(
        "/v1/models/{model:path}", responses=OPENAI_FAULTS, response_model_exclude_none=True
    )
    async def model(model: str) -> Model:
        """One of them."""
        if model not in _names(app_state):
            raise ModelNotFound(
                f"model {shown(model)} does not exist; GET /v1/models lists those that do",
                param="model",
            )
        return _model(app_state, model)

    @routes.get("/v1/audio/voices", responses=OPENAI_FAULTS)
    async def voices() -> VoiceList:
        """Voices that `voice` may name, OpenAI's own names last."""
        names = dict.fromkeys([*_voices(app_state), *OPENAI_VOICES])
        return VoiceList(voices=[Voice(id=name, name=name) for name in names])

    for path, endpoint in _LISTINGS.items():
        _add_listing(routes, app_state, path, endpoint)
    return routes


def _add_listing(routes: APIRouter, app_state: AppState, path: str, endpoint: Endpoint) -> None:
    async def listing() -> ModelCardList:
        """Models and toolchains of this endpoint, with their languages and voices."""
        found = cards(app_state.catalog.current, endpoint).values()
        return ModelCardList(data=[_card(app_state, card) for card in found])

    name = path.removeprefix("/v1/").replace("/", "_")
    routes.add_api_route(path, listing, methods=["GET"], name=name, responses=HSE_FAULTS)


def _names(app_state: AppState) -> list[str]:
    snapshot = app_state.catalog.current
    return list(dict.fromkeys([*all_names(snapshot), *openai_names(snapshot)]))


def _voices(app_state: AppState) -> list[str]:
    snapshot = app_state.catalog.current
    spoken = [
        voice
        for card in cards(snapshot, SPEECH).values()
        for voices in card.languages.values()
        for voice in voices
    ]
    return [*spoken, *snapshot.voice_aliases]


def _model(app_state: AppState, name: str) -> Model:
    snapshot = app_state.catalog.current
    state = snapshot.presence.get(snapshot.aliases.get(name, name))
    return Model(id=name, created=app_state.opened_at, owned_by=OWNER, state=state)


def _card(app_state: AppState, card: ListedModel) -> ModelCard:
    return ModelCard(
        id=card.id,
        object="toolchain" if card.is_toolchain else "model",
        created=app_state.opened_at,
        owned_by=OWNER,
        languages=[
            LanguageOptions(language=language, voices=[VoiceOptions(voice=v) for v in voices])
            for language, voices in card.languages.items()
        ],
        root=card.id,
        parent=None,
        modes=list(card.modes),
    )
