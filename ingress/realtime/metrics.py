"""What the realtime socket counts, beside the ingress's own metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

SESSIONS = Gauge("speech_realtime_sessions", "Open sessions")
TURNS = Counter("speech_realtime_turns_total", "Turns that ended, by what became of them", ["end"])
FINAL_SECONDS = Histogram(
    "speech_realtime_final_seconds",
    "From a turn's end to its final text",
    buckets=(0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60),
)
DROPPED = Counter("speech_realtime_dropped_appends_total", "Appends that did not fit")
ERRORS = Counter("speech_realtime_errors_total", "Error events sent", ["code"])
