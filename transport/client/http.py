"""The transport between pods: V2 REST to KServe model servers."""

from __future__ import annotations

import asyncio
import time
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
)
from contract.json_guard import read_json
from contract.tasks import TaskInput, TaskOutput
from contract.wire.message import Message
from contract.wire.tensors import output_from_message, to_message
from transport.error_body import error_from_body
from transport.headers import context_headers
from transport.threads import off_loop, weight
from transport.v2_body import HEADER_LENGTH, message_from_body, request_body, request_json

O = TypeVar("O", bound=TaskOutput)  # noqa: E741  # the output type of one call

TRACE_PARAMETER = "trace"
"""V2 response parameter in which a toolchain reports its steps."""
CONNECT_TIMEOUT_S = 5.0
NOT_CONNECTED = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
    AttributeError,
)
"""Before anything was sent. The last is anyio's about a socket that was reset while it connected
(agronholm/anyio 4.16 src/anyio/abc/_sockets.py:155; httpcore _async/connection.py:80)."""
_READY_TIMEOUT_S = 2.0
_WAKE_LIMIT = 64
_JSON_FOR_S = 60.0
_NOT_DIALED = (b"dial tcp", b"timed out dialing")
"""In the 502 of Knative's activator and queue-proxy when no connection was made: they pass on Go's
words (knative/serving vendor/knative.dev/pkg/network/error_handler.go, transports.go)."""


class HttpClient:
    """Calls predictors at `address(model)`, for example `http://<name>-predictor.<namespace>`.

    Bodies carry binary tensors both ways; large ones are written and read in threads. A server of a
    version that refuses them gets the request once more as JSON, and its address JSON for
    `json_for_s` seconds. Servers that read them say so in their metadata (triton-inference-server/
    server, docs/protocol/extension_binary_data.md:33-35), but pods of both versions stand behind
    one address during an upgrade, so what one says holds for no request that another gets. KServe's
    and Triton's clients send without asking (kserve/kserve, python/kserve/kserve/
    inference_client.py:493; triton-inference-server/client, src/python/library/tritonclient/http/
    _infer_input.py:106).
    """

    def __init__(
        self,
        address: Callable[[str], str],
        http: httpx.AsyncClient,
        *,
        json_for_s: float = _JSON_FOR_S,
    ) -> None:
        self._address, self._http = address, http
        self._json_for_s = json_for_s
        self._json_until_s: dict[str, float] = {}
        self._waking: set[asyncio.Task[None]] = set()

    async def call(self, model: str, request: TaskInput[O], context: RequestContext) -> O:
        context.check_deadline()
        answer = await self._infer(model, request, context)
        size = len(answer.content)
        return await off_loop(size, lambda: _decode(model, request, answer, context))

    async def is_ready(self, model: str) -> bool:
        try:
            url = f"{self._address(model)}/v2/models/{model}/ready"
            return (await self._http.get(url, timeout=_READY_TIMEOUT_S)).is_success
        except (httpx.HTTPError, *NOT_CONNECTED):
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
                url, headers=context_headers(context), timeout=max(0.001, context.remaining_s)
            )
        except (httpx.HTTPError, *NOT_CONNECTED, SpeechError):
            return  # the call that follows tells what is wrong

    async def _infer(
        self, model: str, request: TaskInput[Any], context: RequestContext
    ) -> httpx.Response:
        address, size = self._address(model), weight(request)
        url = f"{address}/v2/models/{model}/infer"

        def message() -> Message:  # nobody keeps it: an hour of speech is 115 MB in each form
            return to_message(request, context.request_id)

        if time.monotonic() >= self._json_until_s.get(address, 0.0):
            body, json_size = await off_loop(size, lambda: request_body(message()))
            binary = {"content-type": "application/octet-stream", HEADER_LENGTH: str(json_size)}
            answer = await self._post(model, url, body, binary, context)
            if not _refuses_binary(answer):
                self._json_until_s.pop(address, None)
                return answer
            self._json_until_s[address] = time.monotonic() + self._json_for_s
        body = await off_loop(size, lambda: request_json(message()))
        return await self._post(model, url, body, {"content-type": "application/json"}, context)

    async def _post(
        self, model: str, url: str, body: bytes, kind: dict[str, str], context: RequestContext
    ) -> httpx.Response:
        headers = context_headers(context) | kind
        try:
            async with asyncio.timeout(context.remaining_s):
                answer = await self._http.post(
                    url,
                    content=body,
                    headers=headers,
                    timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
                )
        except TimeoutError:
            raise DeadlineExceeded(
                f"{model} did not answer before the deadline; allow the request more time"
            ) from None
        except NOT_CONNECTED as exc:
            raise NotReached(f"{model} cannot be reached ({type(exc).__name__})") from exc
        except httpx.HTTPError as exc:
            raise ConnectionLost(
                f"{model} went away while it worked on the request ({type(exc).__name__}); "
                "send it again"
            ) from exc
        # httpx's own refers back to the answer, so both, and the body that was sent, would be kept
        # until the next collection of cycles (encode/httpx, httpx/_client.py, BoundAsyncStream).
        answer.stream = httpx.ByteStream(b"")
        return answer


def _decode(
    model: str, request: TaskInput[O], answer: httpx.Response, context: RequestContext
) -> O:
    if answer.status_code == 502 and any(words in answer.content for words in _NOT_DIALED):
        raise NotReached(f"{model} cannot be reached (502)")
    if not answer.is_success:
        raise error_from_body(answer.status_code, _object(answer.content), server=model)
    try:
        message = message_from_body(answer.content, answer.headers.get(HEADER_LENGTH), "outputs")
    except (InvalidRequest, PayloadTooLarge) as exc:
        raise ModelFailed(f"the answer of {model} cannot be read: {exc.message}") from exc
    trace = message.parameters.pop(TRACE_PARAMETER, None)
    if isinstance(trace, str):
        context.trace.merge_json(trace)
    return output_from_message(request.output, message)  # type: ignore[return-value]


def _refuses_binary(answer: httpx.Response) -> bool:
    """The words of servers that read JSON alone, as all did before this client sent more."""
    return answer.status_code == 400 and _object(answer.content).get("param") == HEADER_LENGTH


def _object(content: bytes) -> dict[str, Any]:
    """A JSON object, empty where a proxy answered something else."""
    try:
        body = read_json(content)
    except SpeechError:
        return {}
    return body if isinstance(body, dict) else {}
