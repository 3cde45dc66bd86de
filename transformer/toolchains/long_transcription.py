"""Long recordings: speech detector → pieces cut at pauses → the recogniser, side by side."""

from __future__ import annotations

from contract.tasks import TranscribeInput, TranscribeOutput
from contract.toolchains import TOOLCHAINS
from transformer.long_recordings import in_pieces
from transformer.steps import Need, Steps

MEMBERS = TOOLCHAINS["long_transcription"].members
TRANSCRIBER = Need(MEMBERS["transcriber"])
DETECTOR = Need(MEMBERS["speech_detector"])


async def transcribe(request: TranscribeInput, steps: Steps) -> TranscribeOutput:
    await steps.prepare(TRANSCRIBER, DETECTOR)
    return await in_pieces(request, TRANSCRIBER, DETECTOR, steps)
