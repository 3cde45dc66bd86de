"""The KServe SDK, imported in one place and kept from reading our command line.

kserve.model_server parses sys.argv when it is imported, and accepts abbreviations: our
`--config FILE` would be taken for its `--configure_logging`, and end the process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from transport.kserve.lean_import import pandas_on_demand, register_package


@contextmanager
def _no_arguments() -> Iterator[None]:
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments


register_package("kserve")
with _no_arguments(), pandas_on_demand():
    from cloudevents.sdk.converters.util import has_binary_headers
    from google.protobuf.message import DecodeError
    from kserve import model_server
    from kserve.model import Model
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as pb
    from kserve.protocol.grpc.interceptors import ExceptionToStatusInterceptor
    from kserve.protocol.grpc.servicer import InferenceServicer
    from kserve.protocol.model_repository_extension import ModelRepositoryExtension
    from kserve.utils.utils import to_headers

app = model_server.app
"""The SDK's FastAPI application, one per process."""


def is_cloud_event(headers: Mapping[str, str]) -> bool:
    """V1 bodies may be wrapped as CloudEvents; the SDK unwraps them."""
    content_type = headers.get("content-type", "")
    return has_binary_headers(headers) or content_type.startswith("application/cloudevents")


__all__ = [
    "DataPlane",
    "DecodeError",
    "ExceptionToStatusInterceptor",
    "InferenceServicer",
    "Model",
    "ModelRepositoryExtension",
    "app",
    "is_cloud_event",
    "model_server",
    "pb",
    "to_headers",
]
