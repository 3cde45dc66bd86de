"""Long recordings: speech detector → pieces cut at pauses → the recogniser, side by side."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from functools import partial

from contract.tasks import TranscribeInput, TranscribeOutput
from contract.toolchains import TOOLCHAINS
from transformer.steps import Need, Steps
from transport.recordings.transcription import joined, transcribed

MEMBERS = TOOLCHAINS["long_transcription"].members
TRANSCRIBER = Need(MEMBERS["transcriber"])
DETECTOR = Need(MEMBERS["speech_detector"])


async def transcribe(request: TranscribeInput, steps: Steps) -> TranscribeOutput:
    await steps.prepare(TRANSCRIBER, DETECTOR)
    splitting = steps.splitting
    if steps.pick(TRANSCRIBER).language is not None:
        splitting = replace(splitting, detect_each=True)
    parts = transcribed(
        request,
        partial(steps.call, DETECTOR),
        partial(steps.call, TRANSCRIBER),
        splitting,
        deadline_s=steps.deadline_s,
    )
    async with aclosing(parts):
        return joined([part async for part in parts])
