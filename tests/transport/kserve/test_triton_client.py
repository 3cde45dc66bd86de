"""NVIDIA's own V2 client against a predictor: binary tensors and JSON, both ways, over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from served import Server, tiny_server
from tiny_models import TINY_MODEL_TYPES, tiny_config
from tritonclient.http import InferInput, InferRequestedOutput
from tritonclient.http.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from contract.audio.codec import read_wav, wav_bytes
from contract.tasks import Task, TaskInput
from predictors.runtime.weights.store import WeightStore

TASKS = (Task.SYNTHESIZE, Task.TRANSCRIBE, Task.VOCODE)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with tiny_server(tmp_path_factory.mktemp("server")) as started:
        for task in TASKS:
            started.wait_until_ready(tiny_config(task).name)
        yield started


@pytest.fixture
async def client(server: Server) -> AsyncIterator[InferenceServerClient]:
    made = InferenceServerClient(server.url.removeprefix("http://"))
    yield made
    await made.close()


def sample(task: Task) -> TaskInput:
    return TINY_MODEL_TYPES[task].load(tiny_config(task), WeightStore().holder()).warm_up_request()


def tensor(name: str, value: bytes | np.ndarray, *, binary: bool) -> InferInput:
    if isinstance(value, bytes):
        found = InferInput(name, [1], "BYTES")
        found.set_data_from_numpy(np.array([value], np.object_), binary_data=binary)
    else:
        found = InferInput(name, list(value.shape), "FP32")
        found.set_data_from_numpy(value, binary_data=binary)
    return found


async def test_it_finds_the_server_ready_and_the_extension(client: InferenceServerClient) -> None:
    assert await client.is_server_live()
    assert await client.is_model_ready("synthesize")
    assert "binary_tensor_data" in (await client.get_server_metadata())["extensions"]
    (text,) = (await client.get_model_metadata("synthesize"))["inputs"]
    assert (text["name"], text["datatype"], text["shape"]) == ("text", "BYTES", [1])


@pytest.mark.parametrize("binary", [True, False])
async def test_text_becomes_speech(binary: bool, client: InferenceServerClient) -> None:
    """Sound comes as bytes either way that can carry it: binary."""
    answer = await client.infer(
        "synthesize",
        [tensor("text", b"hello", binary=binary)],
        outputs=[InferRequestedOutput("audio", binary_data=True)],
    )
    assert read_wav(answer.as_numpy("audio")[0]).duration_s == pytest.approx(0.25)


@pytest.mark.parametrize("outputs", [None, [InferRequestedOutput("segments", binary_data=True)]])
async def test_a_recording_goes_as_bytes(outputs, client: InferenceServerClient) -> None:
    asked = sample(Task.TRANSCRIBE)
    audio = tensor("audio", wav_bytes(asked.audio), binary=True)
    answer = await client.infer("transcribe", [audio], outputs=outputs)
    assert answer.as_numpy("segments").shape[1] == 2


@pytest.mark.parametrize("binary", [True, False])
async def test_numbers_go_either_way(binary: bool, client: InferenceServerClient) -> None:
    mel = sample(Task.VOCODE).mel
    wanted = [InferRequestedOutput("audio", binary_data=True)]
    answer = await client.infer("vocode", [tensor("mel", mel, binary=binary)], outputs=wanted)
    assert read_wav(answer.as_numpy("audio")[0]).duration_s > 0


async def test_a_refusal_arrives_in_words(client: InferenceServerClient) -> None:
    wrong = tensor("mel", np.full((2, 2), np.nan, np.float32), binary=True)
    with pytest.raises(InferenceServerException, match="mel holds numbers that are not finite"):
        await client.infer("vocode", [wrong])
