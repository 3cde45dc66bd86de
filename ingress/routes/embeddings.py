"""POST /v1/embed/speaker, and /v1/embeddings as the seed spells it."""

from __future__ import annotations

import base64

from fastapi import APIRouter, Request
from starlette.responses import Response

from contract.tasks import EmbedSpeakerInput
from ingress.door import Door
from ingress.exchange import exchange_of
from ingress.hse_answers import answer
from ingress.listings import EMBED
from ingress.media import read_voice
from ingress.openapi import hse_answers
from ingress.schemas.hse import EmbedSpeakerRequest, EmbedSpeakerResponse
from ingress.selection import find_card


def router(door: Door) -> APIRouter:
    routes = APIRouter(tags=["speaker embedding"])

    async def embed(request: Request, body: EmbedSpeakerRequest) -> Response:
        """Measure a voice once; the answer's `data` clones it as often as wanted."""
        exchange = exchange_of(request)
        exchange.field_names = {"audio": "input_audio"}
        card = find_card(door.catalog.current, door.settings, EMBED, body.model)
        exchange.model = card.id
        audio = await read_voice(door, exchange, body.input_audio, param="input_audio")
        made = await door.call(card.id, EmbedSpeakerInput(audio), exchange)
        data = base64.b64encode(made.embedding.to_bytes()).decode()
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
