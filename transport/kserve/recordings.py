"""Recordings of a request, decoded before its input is built."""

from __future__ import annotations

from contract.audio.codec import Audio, undecoded
from contract.wire.codecs import Recording
from transport.decoding.decoders import Decoders
from transport.decoding.refusals import MAX_RATE, MIN_RATE, AudioLimits


async def decoded(
    recording: Recording, decoders: Decoders, limits: AudioLimits, deadline_s: float
) -> Audio:
    """Its sound. Raises InvalidAudio, PayloadTooLarge.

    A mono PCM16 WAV file, which is what our own rooms send, stays as it is until somebody listens;
    everything else is decoded now, or refused by a decoder's words.
    """
    plain = undecoded(recording.data)
    if plain is not None and MIN_RATE <= plain.sample_rate <= MAX_RATE:
        samples = plain.duration_s * plain.sample_rate
        if plain.duration_s <= limits.max_seconds and samples <= limits.max_samples:
            return plain
    return await decoders.decode(
        recording.data, param=recording.param, limits=limits, deadline_s=deadline_s
    )
