"""LiveKit Agents' OpenAI plugin, as it comes from its package, on the realtime socket.

python livekit_stt.py BASE_URL KEY MODEL SPEECH_WAV

Plays the file as a microphone would, QUIET_S of silence behind it, and prints one JSON line for
each event of the stream.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import wave

import aiohttp
from livekit import rtc
from livekit.agents import stt
from livekit.plugins import openai

FRAME_MS = 20
QUIET_S = 4.0
LAST_S, PATIENCE_S = 3.0, 60.0
"""Without an event, all turns written down, it is over; a busy machine is waited for."""


async def main(base_url: str, key: str, model: str, path: str) -> None:
    async with aiohttp.ClientSession() as http:
        recogniser = openai.STT(
            model=model,
            base_url=base_url,
            api_key=key,
            use_realtime=True,
            turn_detection={"type": "server_vad", "silence_duration_ms": 350},
        )
        recogniser._session = http
        stream = recogniser.stream()
        heard: list[tuple[float, stt.SpeechEventType]] = []
        reporting = asyncio.create_task(report(stream, heard))
        try:
            await play(stream, path)
            await until_all_is_written(heard)
        finally:
            reporting.cancel()
            await stream.aclose()
            await recogniser.aclose()


async def play(stream: stt.RecognizeStream, path: str) -> None:
    with wave.open(path) as file:
        rate = file.getframerate()
        sound = file.readframes(file.getnframes()) + bytes(2 * int(QUIET_S * rate))
    step = rate * FRAME_MS // 1000
    began_s = time.monotonic()
    for start in range(0, len(sound) - 2 * step, 2 * step):
        stream.push_frame(rtc.AudioFrame(sound[start : start + 2 * step], rate, 1, step))
        await asyncio.sleep(max(0, began_s + start / 2 / rate - time.monotonic()))


async def until_all_is_written(heard: list[tuple[float, stt.SpeechEventType]]) -> None:
    due_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < due_s:
        kinds = [kind for _, kind in heard]
        begun = kinds.count(stt.SpeechEventType.START_OF_SPEECH)
        written = kinds.count(stt.SpeechEventType.FINAL_TRANSCRIPT)
        if 0 < begun <= written and time.monotonic() - heard[-1][0] > LAST_S:
            return
        await asyncio.sleep(0.1)


async def report(
    stream: stt.RecognizeStream, heard: list[tuple[float, stt.SpeechEventType]]
) -> None:
    async for event in stream:
        heard.append((time.monotonic(), event.type))
        text = event.alternatives[0].text if event.alternatives else ""
        print(json.dumps({"type": event.type.value, "text": text}), flush=True)


asyncio.run(main(*sys.argv[1:5]))
