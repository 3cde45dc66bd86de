"""The SDK's model server over anything served, without the traps that its parts set."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

from fastapi.exceptions import FastAPIDeprecationWarning, RequestValidationError
from fastapi.responses import JSONResponse

from contract.errors import InvalidRequest, ModelNotFound, ModelNotReady
from transport.asgi.body_guard import RequestGuard
from transport.asgi.http_server import limit
from transport.asgi.paths import LenientPaths
from transport.kserve.errors import (
    AnsweredError,
    answer_error,
    answer_invalid_body,
    error_response,
)
from transport.kserve.model import Served, ServedModel
from transport.kserve.sdk import (
    DataPlane,
    ModelRepositoryExtension,
    PredictorProtocol,
    app,
    is_cloud_event,
    model_server,
)
from transport.kserve.settings import MEGABYTE, ServingSettings


class SpeechServer(model_server.ModelServer):
    """Call `start([])` to serve until SIGTERM or SIGINT.

    Every model is registered before it is loaded, so the port opens at once and readiness tells
    the truth. The SDK knows one application per process, hence one server per process.
    """

    def __init__(
        self,
        served: Iterable[Served],
        settings: ServingSettings,
        *,
        http_port: int,
        grpc_port: int,
        beside: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """`beside` is entered on the event loop before the first request, left after the last."""
        super().__init__(
            http_port=http_port,
            grpc_port=grpc_port,
            workers=1,
            enable_latency_logging=False,
            grace_period=settings.grace_s,
        )
        self._settings = settings
        self._beside = beside or nullcontext()
        self.dataplane = SpeechDataPlane(self.registered_models)
        self.model_repository_extension = ClosedRepository(self.registered_models)
        for one in served:
            self.register_model(ServedModel(one, settings))
        _limit_grpc_messages(settings.max_body_mb * MEGABYTE)
        _extend_app(self.dataplane, settings)

    async def _serve(self) -> None:
        """The SDK's main coroutine; its uvicorn is configured by now, and not yet loaded."""
        limit(self._rest_server.config, self._settings)  # type: ignore[attr-defined]  # by start()
        async with self._beside:
            await super()._serve()  # type: ignore[no-untyped-call]


class SpeechDataPlane(DataPlane):
    """Finds models for every protocol; refuses in our words and never loads on the event loop."""

    def get_model_from_registry(self, name: str) -> ServedModel:
        found = self.model_registry.get_model(name)
        if not isinstance(found, ServedModel):
            known = ", ".join(self.model_registry.get_models())
            raise AnsweredError(
                ModelNotFound(f"model {name[:64]!r} is unknown; known: {known}", param="model")
            )
        return found

    async def get_model(self, name: str) -> ServedModel:
        """The SDK's own would call load() here, on the event loop, when the model is not ready."""
        return self.get_model_from_registry(name)

    async def model_ready(
        self, model_name: str, disable_predictor_health_check: bool = False
    ) -> bool:
        """Readiness for probes. Endpoints that infer set the flag: they are let through, so that
        the model refuses with its reason, or loads."""
        is_ready = await self.get_model_from_registry(model_name).healthy()
        return is_ready or disable_predictor_health_check

    async def ready(self) -> bool:
        """True when all models are; the SDK says so always."""
        models = list(self.model_registry.get_models())
        return all([await self.model_ready(name) for name in models])

    def decode(
        self,
        body: Any,
        headers: Any,
        protocol_version: str = PredictorProtocol.REST_V1.value,
        model_name: str = "",
    ) -> Any:
        """Leave V1 bodies to the ServedModel, which parses them in a thread, whatever content type
        they claim. The SDK parses on the event loop, and quotes what it cannot read."""
        is_v1 = protocol_version == PredictorProtocol.REST_V1.value
        if is_v1 and isinstance(body, bytes) and not is_cloud_event(headers):
            return body, {}
        return super().decode(body, headers, protocol_version, model_name)

    def decode_inference_request(self, body: Any, headers: Any, model_name: str) -> Any:
        """The SDK turns binary tensors into lists of numbers and chokes on any that is not UTF-8,
        which is every recording."""
        if isinstance(body, bytes):
            raise AnsweredError(
                InvalidRequest(
                    "binary tensors are not served on REST; send JSON (application/json) with "
                    "base64 in BYTES tensors, or use gRPC",
                    param="inference-header-content-length",
                )
            )
        return super().decode_inference_request(body, headers, model_name)


class ClosedRepository(ModelRepositoryExtension):
    """Anybody who reaches the port could unload models; nobody may."""

    async def load(self, model_name: str) -> None:
        raise AnsweredError(InvalidRequest("models load by themselves; send a request instead"))

    async def unload(self, model_name: str) -> None:
        raise AnsweredError(
            InvalidRequest("models are unloaded when memory is short, not on demand")
        )


def _limit_grpc_messages(max_bytes: int) -> None:
    """The SDK takes its limits, 8 MiB otherwise, from its own command line only."""
    model_server.args.grpc_max_receive_message_length = max_bytes
    model_server.args.grpc_max_send_message_length = max_bytes


def _extend_app(dataplane: SpeechDataPlane, settings: ServingSettings) -> None:
    """Routes added before the SDK's own take precedence."""

    async def metadata(model_name: str) -> dict[str, Any]:
        return dataplane.get_model_from_registry(model_name).metadata()

    async def ready(model_name: str) -> JSONResponse:
        """The SDK's own logs a stack trace for every probe of a model that still loads."""
        if await dataplane.model_ready(model_name):
            return JSONResponse({"name": model_name, "ready": True})
        return error_response(ModelNotReady(f"{model_name} is not ready yet"))

    # The SDK answers with a class that FastAPI has deprecated; operators can do nothing about it.
    warnings.filterwarnings("ignore", category=FastAPIDeprecationWarning)
    app.add_api_route("/v2/models/{model_name}", metadata, methods=["GET"], tags=["V2"])
    app.add_api_route("/v2/models/{model_name}/ready", ready, methods=["GET"], tags=["V2"])
    app.add_middleware(
        RequestGuard,
        max_body_bytes=settings.max_body_mb * MEGABYTE,
        max_held_bytes=settings.max_held_mb * MEGABYTE,
    )
    app.add_middleware(LenientPaths)
    app.add_exception_handler(AnsweredError, answer_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_body)
