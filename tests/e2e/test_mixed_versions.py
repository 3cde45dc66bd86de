"""An upgrade across versions of the wire: predictors with and without binary tensors behind one
address, as while a revision replaces another."""

from __future__ import annotations

import asyncio
import base64
import itertools
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import json_only_server
import numpy as np
import pytest
from fake_client import tone
from served import Server, tiny_server

from benchmarks.activator import Activator, Pod, Revision, activated
from contract.audio.codec import Audio, read_wav
from contract.context import RequestContext
from contract.errors import InvalidRequest
from contract.tasks import SynthesizeInput, TranscribeInput
from transport.client.http import HttpClient
from transport.v2_body import HEADER_LENGTH

CALLERS = 6
VERSIONS = {"old": (json_only_server.__file__,), "new": ()}


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {
            version: stack.enter_context(tiny_server(_folder(tmp_path, version), *program))
            for version, program in VERSIONS.items()
        }


def _folder(root: Path, name: str) -> Path:
    (root / name).mkdir()
    return root / name


@pytest.fixture
def behind_one_address(
    servers: dict[str, Server],
) -> Iterator[tuple[str, Activator, dict[str, Pod]]]:
    pods = {}
    for version, server in servers.items():
        server.wait_until_ready("synthesize")
        server.wait_until_ready("transcribe")
        pods[version] = Pod(server.process, server.url, "", is_ready=True)
    revision = Revision(start=lambda: pods["new"], pods=[pods["old"]])
    with activated({"tiny": revision}) as (gateway, activator):
        yield f"{gateway}/tiny", activator, pods


class Load:
    """Callers that speak and transcribe in turns until they are asked to stop."""

    def __init__(self, client: HttpClient) -> None:
        self._client, self._is_over = client, False
        self._answers = asyncio.Semaphore(0)

    async def run(self, caller: int) -> None:
        for turn in itertools.count():
            if self._is_over:
                return
            text = f"caller {caller} asks {'again ' * (turn % 3)}"
            spoken = await self._client.call(
                "synthesize", SynthesizeInput(text=text), RequestContext()
            )
            await self._check_heard(text, spoken.audio)
            self._answers.release()

    async def _check_heard(self, text: str, audio: Audio) -> None:
        heard = await self._client.call(
            "transcribe", TranscribeInput(audio=audio), RequestContext()
        )
        letters = "".join(filter(str.isalpha, heard.text))
        assert letters == "".join(filter(str.isalpha, text)), heard.text

    def stop(self) -> None:
        self._is_over = True

    async def goes_on(self, answers: int = 20) -> None:
        """Wait until so many more have been answered."""
        for _ in range(answers):
            await self._answers.acquire()


async def test_no_request_is_lost_while_a_version_with_binary_tensors_replaces_one_without(
    behind_one_address,
):
    url, activator, pods = behind_one_address
    served_by = activator.revisions["tiny"].pods
    async with httpx.AsyncClient() as http, asyncio.timeout(60), asyncio.TaskGroup() as group:
        refusal = await http.post(f"{url}/v2/models/synthesize/infer", headers={HEADER_LENGTH: "0"})
        assert refusal.json()["param"] == HEADER_LENGTH
        load = Load(HttpClient(lambda _: url, http, json_for_s=0.05))
        for caller in range(CALLERS):
            group.create_task(load.run(caller))
        await load.goes_on()
        served_by.append(pods["new"])
        await load.goes_on()
        served_by.remove(pods["old"])
        pods["old"].process.send_signal(signal.SIGTERM)
        await load.goes_on()
        load.stop()


async def test_a_version_without_binary_tensors_may_come_back(behind_one_address):
    """As `helm rollback` brings it."""
    url, activator, pods = behind_one_address
    served_by = activator.revisions["tiny"].pods
    served_by[:] = [pods["new"]]
    sound = tone(30.0)
    async with httpx.AsyncClient() as http:
        client = HttpClient(lambda _: url, http)
        for version in ("new", "old", "new"):
            served_by[:] = [pods[version]]
            heard = await client.call("transcribe", TranscribeInput(audio=sound), RequestContext())
            assert np.isclose(heard.segments[-1].end_s, sound.duration_s, atol=0.1)


async def test_a_version_that_does_not_know_a_parameter_says_so_to_the_caller(behind_one_address):
    """What is asked for is never left out in silence."""
    url, _, _ = behind_one_address
    asked = TranscribeInput(audio=tone(1.0), fallback=False)
    async with httpx.AsyncClient() as http:
        with pytest.raises(InvalidRequest, match="beam_size") as refused:
            await HttpClient(lambda _: url, http).call("transcribe", asked, RequestContext())
    assert refused.value.param == "fallback"


async def test_what_an_old_room_asks_for_is_answered_by_a_new_predictor(behind_one_address):
    """As the client of commit a8c6a8b spells it (transport/client/http.py, contract/wire/
    tensors.py): JSON, and `arrays`, which has had no meaning since."""
    url, activator, pods = behind_one_address
    activator.revisions["tiny"].pods[:] = [pods["new"]]
    tensor = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["hello"]}
    body = {"parameters": {"arrays": "npy", "task": "synthesize"}, "inputs": [tensor]}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/v2/models/synthesize/infer", json=body)
    (audio,) = answer.json()["outputs"]
    assert read_wav(base64.b64decode(audio["data"][0])).duration_s > 0.2
