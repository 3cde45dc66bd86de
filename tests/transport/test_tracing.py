"""Spans as a collector receives them."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.context import RequestContext
from transport.headers import context_headers
from transport.tracing import SpanKind, span

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PROGRAM = """
from contract.context import RequestContext
from contract.errors import ModelFailed
from transport.tracing import SpanKind, configure, span

configure("test-service")
try:
    caller = RequestContext("req-1", traceparent=TRACEPARENT)
    with span("GET", SpanKind.SERVER, caller, final_name=lambda: "outer") as context:
        with span("inner", SpanKind.CLIENT, context):
            raise ModelFailed("words of a caller")
except ModelFailed:
    pass
"""


@pytest.fixture
def collector():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_collector_gets_the_spans_of_a_request_below_the_callers(collector):
    url, received = collector
    environment = os.environ | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    program = f"TRACEPARENT = {TRACEPARENT!r}\n{PROGRAM}"
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    (resource,) = received[0].resource_spans
    service = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert service["service.name"] == "test-service"
    spans = {one.name: one for scope in resource.scope_spans for one in scope.spans}
    outer, inner = spans["outer"], spans["inner"]
    assert outer.trace_id.hex() == inner.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert outer.parent_span_id.hex() == "b7ad6b7169203331"
    assert inner.parent_span_id == outer.span_id
    attributes = {one.key: one.value.string_value for one in inner.attributes}
    assert attributes == {"request.id": "req-1", "error.type": "model_failed"}
    assert b"words of a caller" not in received[0].SerializeToString()


def test_without_a_collector_the_callers_trace_goes_on():
    context = RequestContext(traceparent=TRACEPARENT)
    with span("outer", SpanKind.SERVER, context) as inside:
        assert context_headers(inside)["traceparent"] == TRACEPARENT
