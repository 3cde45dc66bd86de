"""Recordings of a request, decoded before its input is built."""

from __future__ import annotations

from collections.abc import Mapping

from contract.audio.codec import Audio, undecoded
from contract.wire.codecs import Recording
from transport.decoding.decoders import Decoders
from transport.decoding.refusals import MAX_RATE, MIN_RATE, AudioLimits


async def decoded(
    recordings: Mapping[str, Recording], decoders: Decoders, limits: AudioLimits, deadline_s: float
) -> dict[str, Audio]:
    """Sound for every recording, under the same names. Raises InvalidAudio, PayloadTooLarge.

    A mono PCM16 WAV file, which is what our own rooms send, stays as it is until somebody listens;
    everything else is decoded now.
    """
    return {
        name: _as_it_is(one, limits)
        or await decoders.decode(one.data, param=one.param, limits=limits, deadline_s=deadline_s)
        for name, one in recordings.items()
    }


def _as_it_is(recording: Recording, limits: AudioLimits) -> Audio | None:
    """None for what must be decoded, or refused by a decoder's words."""
    plain = undecoded(recording.data)
    if plain is None or not MIN_RATE <= plain.sample_rate <= MAX_RATE:
        return None
    samples = plain.duration_s * plain.sample_rate
    within = plain.duration_s <= limits.max_seconds and samples <= limits.max_samples
    return plain if within else None
