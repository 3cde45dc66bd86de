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
        reporting = asyncio.create_task(report(stream))
        try:
            await play(stream, path)
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


async def report(stream: stt.RecognizeStream) -> None:
    async for event in stream:
        text = event.alternatives[0].text if event.alternatives else ""
        print(json.dumps({"type": event.type.value, "text": text}), flush=True)


asyncio.run(main(*sys.argv[1:5]))
