"""The transport between pods: V2 REST to KServe model servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx

from contract.context import RequestContext
from contract.errors import (
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    NotReached,
    PayloadTooLarge,
    SpeechError,
    error_from_wire,
)
from contract.json_guard import read_json
from contract.tasks import TaskInput, TaskOutput
from contract.wire.tensors import output_from_message, to_message
from transport.threads import off_loop, weight
from transport.v2_body import HEADER_LENGTH, message_from_body, request_body

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call

TRACE_PARAMETER = "trace"
"""V2 response parameter in which a toolchain reports its steps."""
CONNECT_TIMEOUT_S = 5.0
_READY_TIMEOUT_S = 2.0
_WAKE_LIMIT = 64
_NOT_DIALED = (b"dial tcp", b"timed out dialing")
"""In the 502 of Knative's activator and queue-proxy when no connection was made: they pass on Go's
words (knative/serving vendor/knative.dev/pkg/network/error_handler.go, transports.go)."""


class HttpClient:
    """Calls predictors at `address(model)`, for example `http://<name>-predictor.<namespace>`.

    Bodies carry binary tensors both ways. Large ones are written and read in threads.
    """

    def __init__(self, address: Callable[[str], str], http: httpx.AsyncClient) -> None:
        self._address, self._http = address, http
        self._waking: set[asyncio.Task[None]] = set()

    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        context.check_deadline()
        message = await off_loop(weight(request), lambda: to_message(request, context.request_id))
        answer = await self._post(model, *request_body(message), context)
        size = len(answer.content)
        return await off_loop(size, lambda: _decode(model, request, answer, context))

    async def is_ready(self, model: str) -> bool:
        try:
            url = f"{self._address(model)}/v2/models/{model}/ready"
            return (await self._http.get(url, timeout=_READY_TIMEOUT_S)).is_success
        except httpx.HTTPError:
            return False

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        """Ask every server for its readiness; Knative's activator starts the pods that sleep."""
        for model in models:
            if len(self._waking) >= _WAKE_LIMIT:
                return
            task = asyncio.create_task(self._ask_for_readiness(model, context))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)

    async def _ask_for_readiness(self, model: str, context: RequestContext) -> None:
        try:
            url = f"{self._address(model)}/v2/models/{model}/ready"
            await self._http.get(
                url, headers=context.to_headers(), timeout=max(0.001, context.remaining_s)
            )
        except (httpx.HTTPError, SpeechError):
            return  # the call that follows tells what is wrong

    async def _post(
        self, model: str, body: bytes, header_length: int, context: RequestContext
    ) -> httpx.Response:
        url = f"{self._address(model)}/v2/models/{model}/infer"
        headers = context.to_headers() | {
            "content-type": "application/octet-stream",
            HEADER_LENGTH: str(header_length),
        }
        try:
            async with asyncio.timeout(context.remaining_s):
                return await self._http.post(
                    url,
                    content=body,
                    headers=headers,
                    timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
                )
        except TimeoutError:
            raise DeadlineExceeded(f"{model} did not answer before the deadline") from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            raise NotReached(f"{model} cannot be reached ({type(exc).__name__})") from exc
        except httpx.HTTPError as exc:
            raise ConnectionLost(
                f"{model} went away while it worked on the request ({type(exc).__name__}); "
                "send it again"
            ) from exc


def _decode(
    model: str, request: TaskInput[O], answer: httpx.Response, context: RequestContext
) -> O:
    if answer.status_code == 502 and any(words in answer.content for words in _NOT_DIALED):
        raise NotReached(f"{model} cannot be reached (502)")
    if not answer.is_success:
        raise error_from_wire(answer.status_code, _object(answer.content), server=model)
    try:
        message = message_from_body(answer.content, answer.headers.get(HEADER_LENGTH), "outputs")
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the answer of {model} cannot be read: {exc.message}") from exc
    trace = message.parameters.pop(TRACE_PARAMETER, None)
    if isinstance(trace, str):
        context.trace.merge_json(trace)
    return output_from_message(request.output, message)  # type: ignore[return-value]


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object, empty where a proxy answered something else."""
    try:
        body = read_json(content)
    except SpeechError:
        return {}
    return body if isinstance(body, dict) else {}
