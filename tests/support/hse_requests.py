"""HSE's requests to the public API, and what comes back, as tests of real toolchains need them."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx
import numpy as np
from clips import jfk
from numpy.typing import NDArray

from contract.audio.codec import Audio, read_wav, wav_bytes
from contract.toolchains import TOOLCHAINS

SPEECH, EMBED = "/v1/audio/speech", "/v1/embed/speaker"
CONVERT_VOICE, CONVERT_AUDIO = "/v1/voice/convert", "/v1/audio/convert"
RATE = 16_000
TEXT = "Good morning to everybody."
Samples = NDArray[np.float32]

SPEAKERS: dict[str, dict[str, str]] = {
    "harmonyspeech": {},
    "openvoice_v1": {"language": "EN", "voice": "default"},
    "openvoice_v2": {"language": "EN", "voice": "EN-US"},
}
"""A language and voice of every toolchain that speaks; harmonyspeech has neither."""
CLONERS = tuple(SPEAKERS)


def recording(seconds: float = 11.0, *, start_s: float = 0.0, repeats: int = 1) -> str:
    """Real speech as base64 of a WAV."""
    speech = jfk(RATE)[int(start_s * RATE) : int((start_s + seconds) * RATE)]
    return as_base64(np.tile(speech, repeats))


def as_base64(samples: Samples, rate: int = RATE) -> str:
    return base64.b64encode(wav_bytes(Audio(samples, rate))).decode()


def speech(model: str, **fields: Any) -> dict[str, Any]:
    """A body that clones a voice unless `mode` says otherwise."""
    return {
        "model": model,
        "mode": "voice_cloning",
        "input": TEXT,
        **SPEAKERS.get(model, {}),
        **fields,
    }


async def answered(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    answer = await api.post(path, json=body, headers={"x-speech-steps": "1"})
    assert answer.status_code == 200, answer.text
    return answer


async def sound(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> Audio:
    return heard(await answered(api, path, body))


async def embedding(api: httpx.AsyncClient, model: str, reference: str) -> str:
    """Base64 of a voice."""
    answer = await answered(api, EMBED, {"model": model, "input_audio": reference})
    return str(answer.json()["data"])


async def refusal(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    """The message of a 400 in HSE's flat shape, which tells nothing of this machine."""
    answer = await api.post(path, json=body)
    assert answer.status_code == 400, answer.text
    error = answer.json()
    assert (error["object"], error["code"]) == ("error", 400)
    assert not re.search(r"Traceback|/tmp/|\.py\b", error["message"])
    return str(error["message"])


def heard(answer: httpx.Response) -> Audio:
    return read_wav(base64.b64decode(answer.json()["data"]))


def steps(answer: httpx.Response) -> list[str]:
    """Names of the predictors that answered, in alphabetical order: two branches run at once."""
    steps = answer.headers["x-speech-steps"].split(", ")
    return sorted(step for step in steps if step not in {"decode", "encode", *TOOLCHAINS})
