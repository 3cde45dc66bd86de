"""A standalone predictor on real weights, asked by KServe's own REST and gRPC clients."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import jiwer
import pytest
from served import Server, free_port, running

from transport.kserve.sdk import model_server  # noqa: F401  # first: the SDK reads sys.argv

from kserve import (  # isort: skip
    InferenceGRPCClient,
    InferenceRESTClient,
    InferInput,
    InferRequest,
    RESTConfig,
)

pytestmark = pytest.mark.weights
ROOT = Path(__file__).parents[2]
RECORDING = (ROOT / "tests/data/jfk.flac").read_bytes()
MODEL = "whisper-tiny-en"
WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    ports = (free_port(), free_port())
    command = [sys.executable, "-m", "predictors", "--config", str(ROOT / "config.yml")]
    command += ["--name", MODEL, "--http_port", str(ports[0]), "--grpc_port", str(ports[1])]
    with running(command, tmp_path_factory.mktemp("v2") / "log", ports) as started:
        started.wait_until_ready(MODEL)
        yield started


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


async def heard_over_rest(server: Server) -> str:
    audio = InferInput("audio", [1], "BYTES", data=[base64.b64encode(RECORDING).decode()])
    client = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60))
    try:
        answer = await client.infer(server.url, InferRequest(MODEL, [audio]), MODEL)
    finally:
        await client.close()
    return answer.get_output_by_name("text").data[0]


async def heard_over_grpc(server: Server) -> str:
    audio = InferInput("audio", [1], "BYTES")
    audio._raw_data = len(RECORDING).to_bytes(4, "little") + RECORDING
    client = InferenceGRPCClient(f"127.0.0.1:{server.grpc_port}", timeout=60)
    try:
        answer = await client.infer(InferRequest(MODEL, [audio]))
    finally:
        await client.close()
    (text,) = answer.get_output_by_name("text").as_numpy()
    return text.decode() if isinstance(text, bytes) else str(text)


async def test_rest_and_grpc_hear_the_same_words(server):
    over_rest, over_grpc = await heard_over_rest(server), await heard_over_grpc(server)
    assert jiwer.wer(WORDS, words(over_rest)) < 0.05
    assert over_grpc == over_rest
