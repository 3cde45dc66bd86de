"""Thousands of spoiled V1, V2 and gRPC bodies: each is answered or refused in words, nothing ends
in a 500, and the server's memory stays where it was."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from grpc import StatusCode
from grpc.aio import insecure_channel
from json_mutations import mutated_json
from mutations import mutated
from processes import peak_memory_bytes
from served import Server, tiny_server
from tiny_models import TINY_MODEL_TYPES, tiny_config
from wire_reading import to_instance

from contract.tasks import Task, TaskInput
from contract.wire.message import Message
from contract.wire.tensors import to_message
from predictors.runtime.weights.store import WeightStore
from transport.kserve.messages import response_to_grpc
from transport.kserve.sdk import pb
from transport.v2_body import HEADER_LENGTH, request_body, response_body

MEGABYTE = 1 << 20
AT_ONCE = 4
ANSWERS = {200, 400, 404, 413, 429, 503, 504}
STATUSES = {
    StatusCode.OK,
    StatusCode.INVALID_ARGUMENT,
    StatusCode.NOT_FOUND,
    StatusCode.RESOURCE_EXHAUSTED,
    StatusCode.UNAVAILABLE,
    StatusCode.DEADLINE_EXCEEDED,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tiny_server(tmp_path_factory.mktemp("server"), SPEECH_MAX_BODY_MB="16") as started:
        for task in TINY_MODEL_TYPES:
            started.wait_until_ready(tiny_config(task).name)
        yield started


def sample(task: Task) -> TaskInput[Any]:
    model = TINY_MODEL_TYPES[task].load(tiny_config(task), WeightStore().holder())
    request: TaskInput[Any] = model.warm_up_request()
    return request


def v2_json(task: Task) -> dict[str, Any]:
    answer = json.loads(response_body("", to_message(sample(task)), Message())[0])
    answer["inputs"] = answer.pop("outputs")
    return answer | {"outputs": [{"name": "audio", "parameters": {"binary_data": True}}]}


def grpc_bytes(task: Task) -> bytes:
    name = tiny_config(task).name
    spelled = pb.ModelInferResponse.FromString(response_to_grpc(name, to_message(sample(task))))
    inputs = [
        pb.ModelInferRequest.InferInputTensor(
            name=one.name, datatype=one.datatype, shape=one.shape, parameters=one.parameters
        )
        for one in spelled.outputs
    ]
    request = pb.ModelInferRequest(
        model_name=name,
        inputs=inputs,
        parameters=spelled.parameters,
        raw_input_contents=spelled.raw_output_contents,
    )
    serialized: bytes = request.SerializeToString()
    return serialized


Case = Callable[[random.Random], Awaitable[bool]]
"""Sends one body; whether it was answered."""


async def look(server: Server, case: Case, cases: int, fuzz_seed: int, target: str) -> int:
    """How many of the bodies were answered all the same."""
    before = peak_memory_bytes(server.process.pid)
    numbers = iter(range(cases))

    async def some() -> int:
        answered = 0
        for number in numbers:
            try:
                answered += await case(random.Random(f"{target} {fuzz_seed} {number}"))
            except BaseException as exc:
                exc.add_note(f"case {number} of seed {fuzz_seed}")
                raise
        return answered

    answered = sum(await asyncio.gather(*(some() for _ in range(AT_ONCE))))
    assert server.process.poll() is None, server.log[-2000:]
    assert peak_memory_bytes(server.process.pid) - before < 200 * MEGABYTE
    return answered


@asynccontextmanager
async def poster(server: Server) -> AsyncIterator[Callable[..., Awaitable[bool]]]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:

        async def post(path: str, content: bytes, headers: dict[str, str] | None = None) -> bool:
            answer = await http.post(path, content=content, headers=headers)
            assert answer.status_code in ANSWERS, (answer.status_code, answer.text[:500])
            if answer.status_code != 200:
                assert answer.json()["error"]
                assert len(answer.content) < 2000
            return answer.status_code == 200

        yield post


async def test_v2_json(server: Server, fuzz_cases: int, fuzz_seed: int) -> None:
    seeds = {tiny_config(task).name: v2_json(task) for task in TINY_MODEL_TYPES}
    async with poster(server) as post:

        async def case(chance: random.Random) -> bool:
            name = chance.choice(list(seeds))
            return await post(f"/v2/models/{name}/infer", mutated_json(seeds[name], chance))

        assert await look(server, case, fuzz_cases // 4, fuzz_seed, "v2") < fuzz_cases // 8


async def test_v2_binary(server: Server, fuzz_cases: int, fuzz_seed: int) -> None:
    seeds = {
        tiny_config(task).name: request_body(to_message(sample(task))) for task in TINY_MODEL_TYPES
    }
    async with poster(server) as post:

        async def case(chance: random.Random) -> bool:
            name = chance.choice(list(seeds))
            body, size = seeds[name]
            if chance.random() < 0.5:
                head = mutated_json(json.loads(body[:size]), chance)
                body, size = head + body[size:], len(head)
            else:
                body = mutated([body], chance)
                size = chance.choice([size, size - 1, size + 1, 0, len(body)])
            url = f"/v2/models/{name}/infer"
            return await post(url, body, {HEADER_LENGTH: str(size)})

        await look(server, case, fuzz_cases // 4, fuzz_seed, "binary")


async def test_v1(server: Server, fuzz_cases: int, fuzz_seed: int) -> None:
    seeds = {}
    for task in TINY_MODEL_TYPES:
        instance = to_instance(sample(task))
        text = base64.b64encode(b"hello").decode()
        seeds[tiny_config(task).name] = {
            "instances": [instance, instance | {"note": [{"kept": {"b64": text}}], "produced": []}]
        }
    async with poster(server) as post:

        async def case(chance: random.Random) -> bool:
            name = chance.choice(list(seeds))
            return await post(f"/v1/models/{name}:predict", mutated_json(seeds[name], chance))

        await look(server, case, fuzz_cases // 4, fuzz_seed, "v1")


async def test_grpc(server: Server, fuzz_cases: int, fuzz_seed: int) -> None:
    seeds = [grpc_bytes(task) for task in TINY_MODEL_TYPES]
    async with insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")

        async def case(chance: random.Random) -> bool:
            call = infer(mutated(seeds, chance), timeout=60)
            status = await call.code()
            assert status in STATUSES, (status, await call.details())
            return status is StatusCode.OK

        await look(server, case, fuzz_cases // 4, fuzz_seed, "grpc")
