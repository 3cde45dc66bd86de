"""The transport between pods: V2 REST to KServe model servers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import httpx

from contract.context import RequestContext
from contract.errors import (
    ConnectionLost,
    DeadlineExceeded,
    NotReached,
    SpeechError,
    error_from_wire,
)
from contract.tasks import TaskInput, TaskOutput
from contract.wire.tensors import (
    message_from_json,
    output_from_message,
    request_to_json,
    to_message,
)

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call

TRACE_PARAMETER = "trace"
"""V2 response parameter in which a toolchain reports its steps."""
CONNECT_TIMEOUT_S = 5.0
_READY_TIMEOUT_S = 2.0
_WAKE_LIMIT = 64


class HttpClient:
    """Calls predictors at `address(model)`, for example `http://<name>-predictor.<namespace>`.

    Encoding and decoding of bodies happen in worker threads: they hold whole recordings.
    """

    def __init__(self, address: Callable[[str], str], http: httpx.AsyncClient) -> None:
        self._address, self._http = address, http
        self._waking: set[asyncio.Task[None]] = set()

    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        context.check_deadline()
        body = await asyncio.to_thread(_encode, model, request, context)
        answer = await self._post(model, body, context)
        return await asyncio.to_thread(_decode, model, request, answer, context)

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

    async def _post(self, model: str, body: bytes, context: RequestContext) -> httpx.Response:
        url = f"{self._address(model)}/v2/models/{model}/infer"
        headers = context.to_headers() | {"content-type": "application/json"}
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


def _encode(model: str, request: TaskInput[Any], context: RequestContext) -> bytes:
    message = to_message(request, arrays="npy")
    return json.dumps(request_to_json(model, message, context.request_id)).encode()


def _decode(
    model: str, request: TaskInput[O], answer: httpx.Response, context: RequestContext
) -> O:
    try:
        body = json.loads(answer.content)
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    if not answer.is_success:
        raise error_from_wire(answer.status_code, body)
    message = message_from_json(body, "outputs")
    trace = message.parameters.pop(TRACE_PARAMETER, None)
    if isinstance(trace, str):
        context.trace.merge_json(trace)
    return output_from_message(request.output, message)  # type: ignore[return-value]
