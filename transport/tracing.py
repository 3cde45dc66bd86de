"""Traces by OpenTelemetry. Without its SDK nothing is recorded, and a caller's trace still passes.

The standard variables decide: OTEL_EXPORTER_OTLP_ENDPOINT turns recording on (extra `otel`), and
OTEL_SERVICE_NAME, OTEL_TRACES_SAMPLER … mean what they mean everywhere
(https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from opentelemetry.trace import SpanKind, StatusCode, get_tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from contract.config import InvalidConfig
from contract.context import RequestContext
from contract.errors import SpeechError
from transport.headers import TRACEPARENT_HEADER

__all__ = ["SpanKind", "configure", "span"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_W3C = TraceContextTextMapPropagator()


def configure(service: str) -> None:
    """Record and export spans if an endpoint is set. Raises InvalidConfig without the extra."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import set_tracer_provider
    except ImportError as exc:
        raise InvalidConfig(f"{_ENDPOINTS[0]} needs the extra harmony-speech[otel]") from exc
    name = os.environ.get("OTEL_SERVICE_NAME", service)
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    set_tracer_provider(provider)


@contextmanager
def span(
    name: str,
    kind: SpanKind,
    context: RequestContext,
    *,
    final_name: Callable[[], str] | None = None,
) -> Iterator[RequestContext]:
    """A span below the request's; what is called inside with the yielded context is below it.

    `final_name` is asked at the end, when more is known. An error is recorded by its class and
    code: messages may repeat what a caller sent.
    """
    parent = _W3C.extract({TRACEPARENT_HEADER: context.traceparent})
    current = get_tracer("harmony_speech").start_span(name, context=parent, kind=kind)
    current.set_attribute("request.id", context.request_id)
    headers: dict[str, str] = {}
    _W3C.inject(headers, context=set_span_in_context(current))
    try:
        yield replace(context, traceparent=headers.get(TRACEPARENT_HEADER, context.traceparent))
    except BaseException as error:
        code = error.code if isinstance(error, SpeechError) else type(error).__name__
        current.set_attribute("error.type", code)
        current.set_status(StatusCode.ERROR)
        raise
    finally:
        if final_name is not None:
            current.update_name(final_name())
        current.end()
