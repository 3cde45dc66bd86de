"""What can be asked for: OpenAI's /v1/models and HSE's six listings."""

from __future__ import annotations

from fastapi import APIRouter

from contract.errors import ModelNotFound
from ingress.door import Door
from ingress.listings import (
    AUDIO_CONVERT,
    EMBED,
    SPEECH,
    TRANSCRIPTIONS,
    VAD,
    VOICE_CONVERT,
    Card,
    Endpoint,
    all_names,
    cards,
)
from ingress.openapi import HSE_FAULTS, OPENAI_FAULTS
from ingress.schemas.hse import LanguageOptions, ModelCard, ModelCardList, VoiceOptions
from ingress.schemas.openai import Model, ModelList, Voice, VoiceList
from ingress.selection import OPENAI_VOICES, openai_names
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


def router(door: Door) -> APIRouter:
    routes = APIRouter(tags=["models"])

    @routes.get("/v1/models", responses=OPENAI_FAULTS, response_model_exclude_none=True)
    async def models() -> ModelList:
        """Every name that some endpoint answers to: models, toolchains, aliases."""
        return ModelList(data=[_model(door, name) for name in _names(door)])

    @routes.get(
        "/v1/models/{model:path}", responses=OPENAI_FAULTS, response_model_exclude_none=True
    )
    async def model(model: str) -> Model:
        """One of them."""
        if model not in _names(door):
            raise ModelNotFound(
                f"model {shown(model)} does not exist; GET /v1/models lists those that do",
                param="model",
            )
        return _model(door, model)

    @routes.get("/v1/audio/voices", responses=OPENAI_FAULTS)
    async def voices() -> VoiceList:
        """Voices that `voice` may name, OpenAI's own names last."""
        names = dict.fromkeys([*_voices(door), *OPENAI_VOICES])
        return VoiceList(voices=[Voice(id=name, name=name) for name in names])

    for path, endpoint in _LISTINGS.items():
        _add_listing(routes, door, path, endpoint)
    return routes


def _add_listing(routes: APIRouter, door: Door, path: str, endpoint: Endpoint) -> None:
    async def listing() -> ModelCardList:
        """Models and toolchains of this endpoint, with their languages and voices."""
        found = cards(door.catalog.current, endpoint).values()
        return ModelCardList(data=[_card(door, card) for card in found])

    name = path.removeprefix("/v1/").replace("/", "_")
    routes.add_api_route(path, listing, methods=["GET"], name=name, responses=HSE_FAULTS)


def _names(door: Door) -> list[str]:
    snapshot = door.catalog.current
    return list(dict.fromkeys([*all_names(snapshot), *openai_names(snapshot)]))


def _voices(door: Door) -> list[str]:
    snapshot = door.catalog.current
    spoken = [
        voice
        for card in cards(snapshot, SPEECH).values()
        for voices in card.languages.values()
        for voice in voices
    ]
    return [*spoken, *snapshot.voice_aliases]


def _model(door: Door, name: str) -> Model:
    snapshot = door.catalog.current
    state = snapshot.presence.get(snapshot.aliases.get(name, name))
    return Model(id=name, created=door.opened_at, owned_by=OWNER, state=state)


def _card(door: Door, card: Card) -> ModelCard:
    return ModelCard(
        id=card.id,
        object="toolchain" if card.is_toolchain else "model",
        created=door.opened_at,
        owned_by=OWNER,
        languages=[
            LanguageOptions(language=language, voices=[VoiceOptions(voice=v) for v in voices])
            for language, voices in card.languages.items()
        ],
        root=card.id,
        parent=None,
        modes=list(card.modes),
    )
