"""The SDK's model server over anything served, without the traps that its parts set."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from typing import Any

from fastapi.exceptions import FastAPIDeprecationWarning, RequestValidationError

from contract.errors import InvalidRequest, ModelNotFound, PayloadTooLarge, shown
from transport.asgi.paths import LenientPaths
from transport.asgi.server_config import limit
from transport.asgi.settings import MEGABYTE
from transport.decoding.decoders import Decoders
from transport.kserve.errors import AnsweredError, answer_error, answer_invalid_body
from transport.kserve.grpc import GrpcServer
from transport.kserve.model import Served, ServedModel
from transport.kserve.request_guard import RequestGuard
from transport.kserve.routes import V2Routes
from transport.kserve.sdk import (
    DataPlane,
    InferenceServicer,
    ModelRepositoryExtension,
    app,
    is_cloud_event,
    model_server,
)
from transport.kserve.settings import ServingSettings

_MOST_CLOUD_EVENT_BYTES = 4 * MEGABYTE


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
        lifespan: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """`lifespan` is entered on the event loop before the first request, left after the last."""
        super().__init__(
            http_port=http_port,
            grpc_port=grpc_port,
            workers=1,
            enable_grpc=False,  # GrpcServer instead
            enable_latency_logging=False,
            grace_period=settings.grace_s,
        )
        self._settings = settings
        self._lifespan = lifespan or nullcontext()
        self.dataplane = SpeechDataPlane(self.registered_models)
        self.model_repository_extension = ClosedRepository(self.registered_models)
        self._decoders = Decoders(settings)
        for one in served:
            self.register_model(ServedModel(one, settings, self._decoders))
        routes = V2Routes(self.dataplane.get_model_from_registry)
        self._grpc = GrpcServer(
            grpc_port,
            InferenceServicer(self.dataplane, self.model_repository_extension),
            routes.infer_grpc,
            max_message_bytes=settings.max_body_mb * MEGABYTE,
            max_calls=settings.max_connections,
            keep_alive_s=settings.keep_alive_s,
            grace_s=settings.grace_s,
        )
        self._grpc_server = self._grpc  # type: ignore[assignment]  # what the SDK's stop() stops
        _extend_app(routes, settings)

    async def _serve(self) -> None:
        """The SDK's main coroutine; its uvicorn is configured by now, and not yet loaded."""
        limit(self._rest_server.config, self._settings)  # type: ignore[attr-defined]  # by start()
        async with AsyncExitStack() as stack:
            # Not entered: between rooms travels WAV, so most servers never start a decoder.
            stack.push_async_exit(self._decoders)
            await stack.enter_async_context(self._lifespan)
            await asyncio.gather(super()._serve(), self._grpc.serve())  # type: ignore[no-untyped-call]


class SpeechDataPlane(DataPlane):
    """Finds models for every protocol; refuses in our words and never loads on the event loop."""

    def get_model_from_registry(self, name: str) -> ServedModel:
        found = self.model_registry.get_model(name)
        if not isinstance(found, ServedModel):
            known = ", ".join(self.model_registry.get_models())
            raise AnsweredError(
                ModelNotFound(f"model {shown(name)!r} is unknown; known: {known}", param="model")
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

    def metadata(self) -> dict[str, Any]:
        served: dict[str, Any] = super().metadata()
        return served | {"extensions": ["binary_tensor_data"]}

    def decode(self, body: Any, headers: Any, *arguments: Any, **options: Any) -> Any:
        """Leave V1 bodies to the ServedModel, which parses them in a thread, whatever content type
        they claim. The SDK parses on the event loop, and quotes what it cannot read."""
        if isinstance(body, bytes) and not is_cloud_event(headers):
            return body, {}
        if isinstance(body, bytes) and len(body) > _MOST_CLOUD_EVENT_BYTES:
            limit_mb = _MOST_CLOUD_EVENT_BYTES // MEGABYTE
            raise AnsweredError(
                PayloadTooLarge(f"a CloudEvent may have {limit_mb} MB; send V1 or V2", param="body")
            )
        return super().decode(body, headers, *arguments, **options)


class ClosedRepository(ModelRepositoryExtension):
    """Anybody who reaches the port could unload models; nobody may."""

    async def load(self, model_name: str) -> None:
        raise AnsweredError(InvalidRequest("models load by themselves; send a request instead"))

    async def unload(self, model_name: str) -> None:
        raise AnsweredError(
            InvalidRequest("models are unloaded when memory is short, not on demand")
        )


def _extend_app(routes: V2Routes, settings: ServingSettings) -> None:
    """Routes added before the SDK's own take precedence."""
    # The SDK answers with a class that FastAPI has deprecated; operators can do nothing about it.
    warnings.filterwarnings("ignore", category=FastAPIDeprecationWarning)
    routes.add_to(app)
    app.add_middleware(
        RequestGuard,
        max_body_bytes=settings.max_body_mb * MEGABYTE,
        max_held_bytes=settings.max_held_mb * MEGABYTE,
    )
    app.add_middleware(LenientPaths)
    app.add_exception_handler(AnsweredError, answer_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_body)
