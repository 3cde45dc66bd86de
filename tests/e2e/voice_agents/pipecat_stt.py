"""Pipecat's realtime service, as it comes from its package, in a pipeline.

python pipecat_stt.py SOCKET_URL KEY MODEL SPEECH_WAV

As by default it ends turns itself: here as soon as the file has been played. Prints one JSON line
for each transcription frame.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import wave

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.stt import OpenAIRealtimeSTTService
from pipecat.workers.runner import WorkerRunner

FRAME_MS = 20


class Report(FrameProcessor):
    """Prints what comes out of the service, and tells when a turn has its text."""

    def __init__(self) -> None:
        super().__init__()
        self.is_done = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InterimTranscriptionFrame | TranscriptionFrame | ErrorFrame):
            text = frame.error if isinstance(frame, ErrorFrame) else frame.text
            print(json.dumps({"type": type(frame).__name__, "text": text}), flush=True)
        if isinstance(frame, TranscriptionFrame | ErrorFrame):
            self.is_done.set()
        await self.push_frame(frame, direction)


async def main(url: str, key: str, model: str, path: str) -> None:
    settings = OpenAIRealtimeSTTService.Settings(model=model)
    service = OpenAIRealtimeSTTService(api_key=key, base_url=url, settings=settings)
    report = Report()
    worker = PipelineWorker(
        Pipeline([service, report]), params=PipelineParams(audio_in_sample_rate=24_000)
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    playing = asyncio.create_task(play(worker, report, path))
    await runner.run()
    await playing


async def play(worker: PipelineWorker, report: Report, path: str) -> None:
    with wave.open(path) as file:
        rate = file.getframerate()
        step = rate * FRAME_MS // 1000
        sound = bytes(rate) + file.readframes(file.getnframes()) + bytes(rate)  # half a second each
    await worker.queue_frame(VADUserStartedSpeakingFrame())
    began_s = time.monotonic()
    for start in range(0, len(sound), 2 * step):
        piece = sound[start : start + 2 * step]
        await worker.queue_frame(InputAudioRawFrame(piece, rate, 1))
        await asyncio.sleep(max(0, began_s + start / 2 / rate - time.monotonic()))
    await worker.queue_frame(VADUserStoppedSpeakingFrame())
    try:
        await asyncio.wait_for(report.is_done.wait(), 30)
    finally:
        await worker.queue_frame(EndFrame())


asyncio.run(main(*sys.argv[1:5]))
