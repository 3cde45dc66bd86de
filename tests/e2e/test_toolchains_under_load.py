"""Many callers of the toolchains at once. Names in comments are rows of the test with HSE."""

from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import httpx
import numpy as np
import pytest
from hse_requests import (
    CONVERT_AUDIO,
    EMBED,
    RATE,
    SPEECH,
    answered,
    as_base64,
    embedding,
    heard,
    recording,
    sound,
    speech,
)
from toolchain_pods import BATCH_LIMITS

from contract.context import RequestContext
from contract.tasks import SpeakInput
from transport.client.http import HttpClient
from transport.decoding.reading import decode

pytestmark = pytest.mark.weights


async def batches(pods, model: str) -> tuple[int, int]:
    """Forward passes of a model so far, and requests in them."""
    async with httpx.AsyncClient() as http:
        text = (await http.get(f"{pods.predictors.url}/metrics")).text
    numbers = [
        re.search(rf'^speech_batch_size_{kind}{{model="{model}"}} (\S+)', text, re.MULTILINE)
        for kind in ("count", "sum")
    ]
    passes, requests = (int(float(one[1])) if one else 0 for one in numbers)
    return passes, requests


async def embed_all(
    api: httpx.AsyncClient, model: str, recordings: list[str], *, pause_s: float = 0.0
) -> list[str]:
    async def one(place: int) -> str:
        await asyncio.sleep(place * pause_s)
        return await embedding(api, model, recordings[place])

    return list(await asyncio.gather(*map(one, range(len(recordings)))))


def clips(number: int) -> list[str]:
    """Recordings of 2 s, no two alike."""
    return [recording(2.0, start_s=place / 2) for place in range(number)]


@pytest.mark.parametrize(
    ("model", "encoder", "callers", "pause_s"),
    [
        pytest.param("harmonyspeech", "hs1-encoder", 10, 0.0, id="Q1"),
        pytest.param("openvoice_v2", "ov2-tone-converter-encoder", 3, 0.0, id="Q2"),
        pytest.param("harmonyspeech", "hs1-encoder", 8, 0.02, id="Q4"),
    ],
)
async def test_more_callers_than_a_batch_holds_are_all_served(
    pods, api, model, encoder, callers, pause_s
):
    passes, requests = await batches(pods, encoder)
    voices = await embed_all(api, model, clips(callers), pause_s=pause_s)
    more_passes, more_requests = await batches(pods, encoder)
    assert len(set(voices)) == callers
    assert more_requests - requests == callers
    assert more_passes - passes >= -(-callers // BATCH_LIMITS[encoder])


async def test_fourteen_calls_of_two_steps_are_all_answered_with_their_own_words(
    pods, api, voices
):  # Q3
    """The synthesizer takes 16 at once and the vocoder 10."""
    bodies = [
        speech(
            "harmonyspeech", input_embedding=voices["harmonyspeech"], input=f"{'na ' * count}stop."
        )
        for count in range(1, 15)
    ]
    passes, requests = await batches(pods, "hs1-vocoder")
    together = await asyncio.gather(*(sound(api, SPEECH, body) for body in bodies))
    more_passes, more_requests = await batches(pods, "hs1-vocoder")
    assert more_requests - requests == 14
    assert more_passes - passes >= 2
    for place in (0, 6, 13):
        alone = await sound(api, SPEECH, bodies[place])
        np.testing.assert_allclose(together[place].samples, alone.samples, atol=5e-3)


async def test_two_models_work_at_the_same_time(pods):  # Q5
    """Within one request: while the reference is searched for speech, the text is spoken."""
    reference = decode(base64.b64decode(recording()), max_bytes=1 << 24, max_seconds=60)
    request = SpeakInput(
        text="Hello.",
        reference_audio=reference,
        mode="voice_cloning",
        language="EN",
        voice="EN-US",
    )
    context = RequestContext()
    async with httpx.AsyncClient() as http:
        client = HttpClient(lambda _: pods.toolchains.url, http)
        await client.call("openvoice_v2", request, context)
    found = {step.step: step for step in context.trace.steps}
    finder, synthesizer = found["whisper"], found["melo-en"]
    assert synthesizer.start_s < finder.start_s + finder.duration_s
    assert finder.start_s < synthesizer.start_s + synthesizer.duration_s
    converter = found["ov2-tone-converter"]
    assert converter.start_s >= synthesizer.start_s + synthesizer.duration_s


async def test_all_toolchains_at_once_answer_as_they_do_alone(api, voices):
    asked: list[tuple[str, dict[str, Any]]] = [
        (SPEECH, speech(model, input_embedding=voice)) for model, voice in voices.items()
    ]
    restoring = {"model": "voicefixer", "source_audio": recording(2.0)}
    asked.append((CONVERT_AUDIO, restoring))
    mixed = await asyncio.gather(*(answered(api, path, body) for path, body in asked * 3))
    for place, (path, body) in enumerate(asked):
        alone = await sound(api, path, body)
        for answer in mixed[place :: len(asked)]:
            np.testing.assert_allclose(heard(answer).samples, alone.samples, atol=5e-3)


async def test_a_refused_neighbour_does_not_spoil_a_batch(api):
    silent = as_base64(np.zeros(2 * RATE, np.float32))
    good = clips(6)
    answers = await asyncio.gather(
        *(
            api.post(EMBED, json={"model": "harmonyspeech", "input_audio": one})
            for one in [*good[:3], silent, *good[3:]]
        )
    )
    assert [answer.status_code for answer in answers] == [200] * 3 + [400] + [200] * 3
