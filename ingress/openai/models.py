"""What can be asked for: /v1/models."""

from __future__ import annotations

from fastapi import APIRouter

from contract.errors import ModelNotFound
from ingress.endpoints import OWNER, SPEECH, all_names, listed_models
from ingress.openai.schemas import (
    Model,
    ModelList,
    SpeechModel,
    SpeechModelList,
)
from ingress.openapi import OPENAI_ERRORS
from ingress.selection import OPENAI_SPEECH_MODELS, openai_names, same_name
from ingress.state import AppState
from ingress.wording import quoted


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(tags=["models"])

    @routes.get("/v1/models", responses=OPENAI_ERRORS, response_model_exclude_none=True)
    async def models() -> ModelList:
        """Every name that some endpoint answers to: models, toolchains, aliases."""
        return ModelList(data=[_model(app_state, name) for name in _names(app_state)])

    @routes.get(
        "/v1/models/{model:path}", responses=OPENAI_ERRORS, response_model_exclude_none=True
    )
    async def model(model: str) -> Model:
        """One of them, in any case."""
        name = same_name(model, _names(app_state))
        if name is None:
            raise ModelNotFound(
                f"model {quoted(model)} does not exist; GET /v1/models lists those that do",
                param="model",
            )
        return _model(app_state, name)

    @routes.get("/v1/audio/models", responses=OPENAI_ERRORS)
    async def speech_models() -> SpeechModelList:
        """Models that speak, as Open WebUI asks for them."""
        return SpeechModelList(
            models=[SpeechModel(id=name, name=name) for name in _speech_names(app_state)]
        )

    return routes


def _names(app_state: AppState) -> list[str]:
    snapshot = app_state.catalog.current
    return list(dict.fromkeys([*all_names(snapshot), *openai_names(snapshot)]))


def _speech_names(app_state: AppState) -> list[str]:
    snapshot = app_state.catalog.current
    available = listed_models(snapshot, SPEECH)
    aliases = [alias for alias, name in snapshot.aliases.items() if name in available]
    return list(dict.fromkeys([*available, *aliases, *(OPENAI_SPEECH_MODELS if available else ())]))


def _model(app_state: AppState, name: str) -> Model:
    snapshot = app_state.catalog.current
    state = snapshot.availability.get(snapshot.aliases.get(name, name))
    return Model(id=name, created=app_state.opened_at, owned_by=OWNER, state=state)
