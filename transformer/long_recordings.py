"""A recording transcribed in pieces, which go to the recogniser side by side."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial

from contract.tasks import TranscribeInput, TranscribeOutput
from transformer.steps import Need, Steps
from transport.recordings.transcription import joined, transcribed


async def in_pieces(
    request: TranscribeInput, transcriber: Need, detector: Need, steps: Steps
) -> TranscribeOutput:
    """The whole transcript, with the recording's times. Both predictors have been prepared."""
    parts = transcribed(
        request,
        partial(steps.call, detector),
        partial(steps.call, transcriber),
        steps.splitting.of(steps.pick(transcriber)),
        deadline_s=steps.deadline_s,
    )
    async with aclosing(parts):
        return joined([part async for part in parts])
