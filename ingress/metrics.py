"""What the ingress counts. The registry is the process's: other rooms of a pod appear beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from contract.config import InvalidConfig

_SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)

REQUESTS = Counter(
    "speech_ingress_requests_total", "Requests answered", ["path", "method", "dialect", "status"]
)
SECONDS = Histogram(
    "speech_ingress_request_seconds", "Arrival to last byte", ["path"], buckets=_SECONDS
)
FIRST_BYTE_SECONDS = Histogram(
    "speech_ingress_first_byte_seconds", "Arrival to first body byte", ["path"], buckets=_SECONDS
)
IN_FLIGHT = Gauge("speech_ingress_in_flight", "Requests under way")
AUDIO_SECONDS = Counter(
    "speech_ingress_audio_seconds_total", "Audio received and sent", ["path", "direction"]
)
CALL_SECONDS = Histogram(
    "speech_ingress_call_seconds",
    "One call of a predictor or toolchain",
    ["model", "task"],
    buckets=_SECONDS,
)
CALL_ERRORS = Counter(
    "speech_ingress_call_errors_total", "Calls that failed", ["model", "task", "code"]
)


@contextmanager
def served_apart(host: str, port: int | None) -> Iterator[None]:
    """/metrics on a port of its own, where one is set, answered by a thread. Raises
    InvalidConfig where the port is in use."""
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host)
    except OSError as exc:
        raise InvalidConfig(
            f"SPEECH_METRICS_PORT: cannot listen on {host}, port {port} ({exc.strerror}); "
            "choose another"
        ) from exc
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
