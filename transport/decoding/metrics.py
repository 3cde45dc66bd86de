"""What the decoders count, in prometheus_client's default registry."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

REFUSED = Counter("speech_audio_refused", "Audio that was refused, by what was wrong", ["reason"])
ENDED = Counter(
    "speech_decoder_ended",
    "Decoders that ended during a file: by a signal or exit of their own, cancelled or late",
    ["cause"],
)
WAITING = Gauge("speech_decoder_waiting", "Files that wait for a decoder now")
