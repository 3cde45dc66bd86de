"""V2 inference: a body to a task's input, an output to a body. One hand-over to a thread each way.

The SDK's route parses a body on the event loop, twice, and turns binary tensors into lists of
numbers (kserve/protocol/rest/v2_endpoints.py, infer; protocol/infer_type.py, from_bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from contract.errors import ModelNotReady, SpeechError
from contract.wire.codecs import Draft
from contract.wire.message import Message
from transport.headers import REQUEST_ID_HEADER
from transport.kserve.errors import error_response
from transport.kserve.messages import message_from_grpc, parse, response_to_grpc
from transport.kserve.model import ServedModel, only_speech_errors, with_priority
from transport.threads import off_loop, weight
from transport.v2_body import HEADER_LENGTH, message_from_body, response_body

_MODEL = "/v2/models/{model_name}"


class V2Routes:
    """`find` raises AnsweredError for a model that is unknown."""

    def __init__(self, find: Callable[[str], ServedModel]) -> None:
        self._find = find

    def add_to(self, app: FastAPI) -> None:
        app.add_api_route(_MODEL, self.metadata, methods=["GET"], tags=["V2"])
        app.add_api_route(f"{_MODEL}/ready", self.ready, methods=["GET"], tags=["V2"])
        app.add_route(f"{_MODEL}/infer", self.infer, methods=["POST"])
        for path, method in (("", "GET"), ("/ready", "GET"), ("/infer", "POST")):
            app.add_route(f"{_MODEL}/versions/{{version}}{path}", self.version, methods=[method])

    async def metadata(self, model_name: str) -> dict[str, Any]:
        return self._find(model_name).metadata()

    async def ready(self, model_name: str) -> JSONResponse:
        """The SDK's own logs a stack trace for every probe of a model that still loads."""
        if await self._find(model_name).healthy():
            return JSONResponse({"name": model_name, "ready": True})
        return error_response(ModelNotReady(f"{model_name} is not ready yet"))

    async def infer(self, request: Request) -> Response:
        model = self._find(request.path_params["model_name"])
        try:
            with only_speech_errors(model.name):
                return await _answer_rest(model, await _body(request), request.headers)
        except SpeechError as error:
            return error_response(error)

    async def version(self, request: Request) -> Response:
        return JSONResponse(
            {
                "error": "models have no versions here; leave /versions/… out of the path",
                "code": "not_found",
            },
            501,
        )

    async def infer_grpc(self, raw: bytes, headers: Mapping[str, str]) -> bytes:
        """Raises SpeechError, AnsweredError."""
        with only_speech_errors("the model"):
            model, asked, draft = await off_loop(len(raw), lambda: self._read_grpc(raw))
            context = with_priority(model.admit(headers), asked, headers)
            output = await model.answer(draft, context)
            return await off_loop(
                weight(output),
                lambda: response_to_grpc(model.name, model.spell(output, asked, context)),
            )

    def _read_grpc(self, raw: bytes) -> tuple[ServedModel, Message, Draft]:
        request = parse(raw)
        model = self._find(request.model_name)
        asked = message_from_grpc(request)
        return model, asked, model.read(asked, may_be_text=True)


async def _body(request: Request) -> bytes:
    """The whole of it; Starlette's own keeps it for as long as the request lives."""
    return b"".join([chunk async for chunk in request.stream()])


async def _answer_rest(model: ServedModel, body: bytes, headers: Mapping[str, str]) -> Response:
    context = model.admit(headers)

    def read() -> tuple[Message, Draft]:
        asked = message_from_body(body, headers.get(HEADER_LENGTH), "inputs")
        return asked, model.read(asked)

    asked, draft = await off_loop(len(body), read)
    body = b""  # for an hour of speech it is 115 MB, and the draft has a copy
    context = with_priority(context, asked, headers)
    output = await model.answer(draft, context)

    def spelled() -> tuple[bytes, int | None]:
        return response_body(model.name, model.spell(output, asked, context), asked)

    content, header_length = await off_loop(weight(output), spelled)
    headers = {REQUEST_ID_HEADER: context.request_id}
    if header_length is None:
        return Response(content, headers=headers, media_type="application/json")
    headers[HEADER_LENGTH] = str(header_length)
    return Response(content, headers=headers, media_type="application/octet-stream")
