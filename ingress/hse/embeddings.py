"""POST /v1/embed/speaker, and the same at /v1/embeddings."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.base64_text import to_base64
from contract.tasks import EmbedSpeakerInput
from ingress.endpoints import EMBED
from ingress.hse.answers import answer
from ingress.hse.schemas import EmbedSpeakerRequest, EmbedSpeakerResponse
from ingress.json_body import JsonRoute
from ingress.media import read_voice
from ingress.openapi import hse_answers
from ingress.request_state import request_state_of
from ingress.selection import find_model
from ingress.state import AppState


def router(app_state: AppState) -> APIRouter:
    routes = APIRouter(route_class=JsonRoute, tags=["speaker embedding"])

    async def embed(request: Request, body: EmbedSpeakerRequest) -> Response:
        """Measure a voice once; the answer's `data` clones it as often as wanted."""
        state = request_state_of(request)
        state.field_names = {"audio": "input_audio"}
        model = find_model(app_state.catalog.current, app_state.settings, EMBED, body.model)
        state.model = model.id
        state.note_ignored(body)
        audio = await read_voice(app_state, state, body.input_audio, param="input_audio")
        made = await app_state.call(model.id, EmbedSpeakerInput(audio), state)
        data = to_base64(made.embedding.to_bytes())
        return answer("emb", body.model, data=data)

    for path in ("/v1/embed/speaker", "/v1/embeddings"):
        routes.add_api_route(
            path,
            embed,
            methods=["POST"],
            responses=hse_answers(EmbedSpeakerResponse),
            response_class=Response,
        )
    return routes
