"""The gRPC server: KServe's service with an inference of our own, which reads off the event loop.

The SDK's turns typed contents into lists on the event loop, and its server parses every message
there (kserve/protocol/grpc/servicer.py, ModelInfer).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc import aio

from contract.errors import SpeechError
from transport.kserve.errors import AnsweredError
from transport.kserve.sdk import (
    ExceptionToStatusInterceptor,
    InferenceServicer,
    pb,
    to_headers,
)

Infer = Callable[[bytes, dict[str, str]], Awaitable[bytes]]
"""A serialized request and its metadata to a serialized answer. Raises SpeechError."""
_STREAMS_PER_CONNECTION = 128
_SERVICE = "inference.GRPCInferenceService"


class GrpcServer:
    def __init__(
        self,
        port: int,
        servicer: InferenceServicer,
        infer: Infer,
        *,
        max_message_bytes: int,
        max_calls: int,
        keep_alive_s: int,
        grace_s: int,
    ) -> None:
        """More than `max_calls` at once are answered with RESOURCE_EXHAUSTED; a connection
        without calls is closed after `keep_alive_s`."""
        self._port, self._servicer, self._infer = port, servicer, infer
        self._max_message_bytes, self._max_calls = max_message_bytes, max_calls
        self._keep_alive_s, self._grace_s = keep_alive_s, grace_s
        self._server: aio.Server | None = None

    async def serve(self) -> None:
        """Return when stopped, and what was in flight is answered."""
        limits = [
            ("grpc.max_send_message_length", self._max_message_bytes),
            ("grpc.max_receive_message_length", self._max_message_bytes),
            ("grpc.max_concurrent_streams", _STREAMS_PER_CONNECTION),
            ("grpc.max_connection_idle_ms", 1000 * self._keep_alive_s),
        ]
        server = aio.server(
            interceptors=(ExceptionToStatusInterceptor(),),
            options=limits,
            maximum_concurrent_rpcs=self._max_calls,
        )
        methods = {**_sdk_methods(self._servicer), "ModelInfer": self._own_method()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, methods),))
        server.add_insecure_port(f"[::]:{self._port}")
        await server.start()
        self._server = server
        await server.wait_for_termination()

    async def stop(self, sig: int | None = None) -> None:
        """`sig`: unused; the SDK's model server gives it."""
        if self._server is not None:
            await self._server.stop(grace=self._grace_s)

    def _own_method(self) -> grpc.RpcMethodHandler:
        """Takes and gives bytes: no (de)serializer."""
        return grpc.unary_unary_rpc_method_handler(self._model_infer)

    async def _model_infer(self, request: bytes, context: Any) -> bytes:
        try:
            return await self._infer(request, to_headers(context))
        except SpeechError as error:
            raise AnsweredError(error) from error


def _sdk_methods(servicer: InferenceServicer) -> dict[str, grpc.RpcMethodHandler]:
    service = pb.DESCRIPTOR.services_by_name[_SERVICE.partition(".")[2]]
    return {
        method.name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, method.name),
            request_deserializer=getattr(pb, method.input_type.name).FromString,
            response_serializer=getattr(pb, method.output_type.name).SerializeToString,
        )
        for method in service.methods
    }
