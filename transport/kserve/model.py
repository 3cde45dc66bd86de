"""The one subclass of kserve.Model: decode, submit, encode; errors leave as AnsweredError."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, Protocol

from contract.context import (
    PRIORITY_HEADER,
    REQUEST_ID_HEADER,
    RequestContext,
    context_from_headers,
)
from contract.errors import InvalidRequest, ModelFailed, SpeechError
from contract.tasks import Task, TaskInput, TaskOutput
from contract.wire.instances import (
    Envelope,
    body_from_envelopes,
    enrich,
    envelopes_from_body,
    input_from_envelope,
)
from contract.wire.tensors import (
    PRIORITY,
    TASK,
    AudioLimits,
    Message,
    describe,
    describe_parameters,
    input_from_message,
    response_to_json,
    to_message,
    wanted_arrays,
    wanted_task,
)
from transport.client.http import TRACE_PARAMETER
from transport.kserve.errors import AnsweredError
from transport.kserve.messages import message_from_v2, only_requested, to_grpc
from transport.kserve.sdk import InferRequest, Model, pb, to_http_parameters
from transport.kserve.settings import MEGABYTE, ServingSettings

logger = logging.getLogger(__name__)


class Served(Protocol):
    """What stands behind the protocols: one predictor or one toolchain."""

    @property
    def name(self) -> str: ...

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks it answers; the first is meant when a request names none."""
        ...

    @property
    def is_ready(self) -> bool: ...

    def admit(self, context: RequestContext) -> None:
        """Refuse what need not be decoded to be refused. Raises SpeechError."""
        ...

    async def submit(self, request: TaskInput[Any], context: RequestContext) -> TaskOutput:
        """Answer. Raises SpeechError; may report steps in the context's trace."""
        ...


class ServedModel(Model):
    """Something that answers tasks, behind V1, V2 REST and V2 gRPC.

    Decoding and encoding move whole recordings through codecs, so they run in threads.
    """

    def __init__(self, served: Served, settings: ServingSettings) -> None:
        super().__init__(served.name, return_response_headers=True)
        self._served = served
        self._settings = settings
        self._limits = AudioLimits(settings.max_body_mb * MEGABYTE, settings.max_audio_s)

    async def healthy(self) -> bool:
        return self._served.is_ready

    def load(self) -> bool:
        """Tells readiness and loads nothing: the SDK calls this on the event loop."""
        return self._served.is_ready

    def start(self) -> None:
        """Nothing to do; the SDK's own would claim readiness."""

    def get_input_types(self) -> list[dict[str, Any]]:
        return [_bare(tensor) for tensor in describe(self._served.tasks[0])[0]]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [_bare(tensor) for tensor in describe(self._served.tasks[0])[1]]

    def metadata(self) -> dict[str, Any]:
        """V2 model metadata, with the parameters and the words that the SDK's answer leaves out.

        The first task stands at the top, as V2 wants it; all of them are under `tasks`.
        """
        tasks = [_task_metadata(task) for task in self._served.tasks]
        return {
            "name": self.name,
            "platform": "harmony-speech",
            "versions": [],
            **tasks[0],
            "tasks": tasks,
        }

    async def predict(  # type: ignore[override]  # the SDK also passes bytes, and takes pb back
        self,
        payload: Any,
        headers: Mapping[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | bytes | pb.ModelInferResponse:
        """Answer a request of either protocol. Raises AnsweredError only."""
        answer_headers = {} if response_headers is None else response_headers
        try:
            context = self._admit(payload, headers or {})
            answer_headers[REQUEST_ID_HEADER] = context.request_id
            if isinstance(payload, InferRequest):
                return await self._answer_v2(payload, context)
            answer_headers["content-type"] = "application/json"
            return await self._answer_v1(payload, context)
        except SpeechError as error:
            raise AnsweredError(error) from error
        except Exception as exc:  # a fault of ours; its words are for the log
            logger.exception("%s could not read or write a body", self.name)
            failed = ModelFailed(f"{self.name} failed on this request; the server's log tells why")
            raise AnsweredError(failed) from exc

    async def _answer_v2(
        self, payload: InferRequest, context: RequestContext
    ) -> dict[str, Any] | pb.ModelInferResponse:
        message = await asyncio.to_thread(message_from_v2, payload, self._served.tasks[0])
        arrays = wanted_arrays(message)
        request = await asyncio.to_thread(self._read, message)
        output = await self._served.submit(request, context)
        answer = await asyncio.to_thread(to_message, output, arrays=arrays)
        if context.trace.steps:
            answer.parameters[TRACE_PARAMETER] = context.trace.to_json()
        encode = to_grpc if payload.from_grpc else response_to_json
        request_id = payload.id or context.request_id
        return await asyncio.to_thread(
            encode, self.name, only_requested(answer, payload), request_id
        )

    def _read(self, message: Message) -> TaskInput[Any]:
        default, *others = self._served.tasks
        task = wanted_task(message, default, frozenset({default, *others}))
        return input_from_message(task, message, limits=self._limits)

    async def _answer_v1(self, payload: Any, context: RequestContext) -> bytes:
        envelopes = await asyncio.to_thread(_envelopes, payload)
        answers = (self._enriched(envelope, context) for envelope in envelopes)
        body = body_from_envelopes(await _all_or_first_error(answers))
        return await asyncio.to_thread(_to_json, body)

    async def _enriched(self, envelope: Envelope, context: RequestContext) -> Envelope:
        task, limits = self._wanted_task(envelope), self._limits
        request = await asyncio.to_thread(input_from_envelope, task, envelope, limits=limits)
        output = await self._served.submit(request, context)
        return await asyncio.to_thread(enrich, envelope, output)

    def _wanted_task(self, envelope: Envelope) -> Task:
        """A predictor has one task. A toolchain's envelope may name one of its own; an envelope
        that passes along a graph names the graph's task, which is not the predictor's."""
        return next(
            (t for t in self._served.tasks if t == envelope.get(TASK)), self._served.tasks[0]
        )

    def _admit(self, payload: Any, headers: Mapping[str, str]) -> RequestContext:
        """Refuse what need not be decoded to be refused."""
        if isinstance(payload, InferRequest):
            headers = _priority(payload) | dict(headers)
        context = context_from_headers(headers, max_timeout_s=self._settings.timeout_s)
        self._served.admit(context)
        return context


def _task_metadata(task: Task) -> dict[str, Any]:
    inputs, outputs = describe(task)
    parameters, answer_parameters = describe_parameters(task)
    return {
        "task": task.value,
        "inputs": inputs,
        "outputs": outputs,
        "parameters": parameters,
        "output_parameters": answer_parameters,
    }


def _bare(tensor: dict[str, Any]) -> dict[str, Any]:
    """What gRPC's metadata message has fields for."""
    return {key: tensor[key] for key in ("name", "datatype", "shape")}


def _priority(payload: InferRequest) -> dict[str, str]:
    """The priority given as a V2 parameter; a header says it louder."""
    value = to_http_parameters(payload.parameters or {}).get(PRIORITY)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest(f"{PRIORITY} must be a string", param=PRIORITY)
    return {} if value is None else {PRIORITY_HEADER: value}


def _envelopes(payload: Any) -> list[Envelope]:
    """The SDK hands on any content type but exactly application/json as bytes."""
    if isinstance(payload, bytes):
        try:
            payload = json.loads(payload)
        except ValueError:
            raise InvalidRequest("the body must be JSON", param="body") from None
    return envelopes_from_body(payload)


def _to_json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, allow_nan=False).encode()


async def _all_or_first_error(answers: Iterable[Awaitable[Envelope]]) -> list[Envelope]:
    """Await all; when one fails, cancel the others and raise its error."""
    tasks = [asyncio.ensure_future(answer) for answer in answers]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
