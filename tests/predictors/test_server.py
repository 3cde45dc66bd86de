"""A predictor as its callers see it: V1, V2 REST and V2 gRPC against a server process."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError, insecure_channel
from processes import peak_memory_bytes
from raw_http import connected, is_open_after, read_to_end
from served import GATED, Gate, Server, tiny_server
from tiny_models import TINY_MODEL_TYPES, tiny_config
from wire_reading import to_instance

from contract.audio.codec import Audio, read_wav
from contract.context import RequestContext
from contract.tasks import SynthesizeInput, Task, TaskInput, TranscribeInput
from contract.wire.message import Message
from contract.wire.tensors import output_from_message, to_message
from predictors.runtime.weights.store import WeightStore
from transport.client.http import HttpClient
from transport.headers import PRIORITY_HEADER, REQUEST_ID_HEADER, TIMEOUT_HEADER
from transport.kserve.messages import response_to_grpc
from transport.kserve.sdk import pb
from transport.v2_body import (
    HEADER_LENGTH,
    message_from_body,
    message_from_json,
    request_body,
    response_body,
)
from transport.v2_tensors import tensor_from_raw


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Everything but the broken model is ready. Bodies up to 1 MB, two requests may wait, headers
    come within 2 s."""
    limits = {"SPEECH_MAX_QUEUE": "2", "SPEECH_MAX_BODY_MB": "1", "SPEECH_MAX_AUDIO_S": "30"}
    limits |= {"SPEECH_HEADER_TIMEOUT_S": "2", "SPEECH_MAX_HEADER_KB": "16"}
    with tiny_server(tmp_path_factory.mktemp("server"), **limits) as started:
        for name in [tiny_config(task).name for task in TINY_MODEL_TYPES] + [GATED]:
            started.wait_until_ready(name)
        yield started


@pytest.fixture
def gate(server: Server) -> Iterator[Gate]:
    """The gated model's gate, closed until the test opens it."""
    gate = Gate(server.log_file.parent)
    gate.close()
    yield gate
    gate.open()


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        yield client


def sample_request(task: Task) -> TaskInput[Any]:
    model = TINY_MODEL_TYPES[task].load(tiny_config(task), WeightStore().holder())
    request: TaskInput[Any] = model.warm_up_request()
    return request


def infer_body(request: TaskInput[Any], **parameters: Any) -> dict[str, Any]:
    """JSON alone, as a person writes it."""
    message = to_message(request, "r1")
    body, _ = response_body(
        "", Message(message.tensors, message.parameters | parameters), Message()
    )
    answer = json.loads(body)
    return {"id": "r1", "parameters": answer["parameters"], "inputs": answer["outputs"]}


def say(text: str, **parameters: Any) -> dict[str, Any]:
    return infer_body(SynthesizeInput(text), **parameters)


def grpc_request(model: str, request: TaskInput[Any]) -> pb.ModelInferRequest:
    """The answer's spelling serves for requests, too."""
    answer = response_to_grpc(model, to_message(request, "r1"))
    spelled = pb.ModelInferResponse.FromString(answer)
    inputs = [
        pb.ModelInferRequest.InferInputTensor(
            name=tensor.name,
            datatype=tensor.datatype,
            shape=tensor.shape,
            parameters=tensor.parameters,
        )
        for tensor in spelled.outputs
    ]
    return pb.ModelInferRequest(
        model_name=model,
        id="r1",
        inputs=inputs,
        parameters=spelled.parameters,
        raw_input_contents=spelled.raw_output_contents,
    )


@asynccontextmanager
async def grpc_method(server: Server, method: str, answer: type) -> AsyncIterator[Any]:
    size = ("grpc.max_receive_message_length", -1)
    async with insecure_channel(f"127.0.0.1:{server.grpc_port}", options=[size]) as channel:
        yield channel.unary_unary(
            f"/inference.GRPCInferenceService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )


async def grpc_infer(
    server: Server, request: pb.ModelInferRequest, **options: Any
) -> pb.ModelInferResponse:
    async with grpc_method(server, "ModelInfer", pb.ModelInferResponse) as call:
        answer: pb.ModelInferResponse = await call(request, **options)
        return answer


def message_of(answer: pb.ModelInferResponse) -> Message:
    tensors = [
        tensor_from_raw(tensor.name, tensor.datatype, tuple(tensor.shape), raw)
        for tensor, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)
    ]
    return Message(tuple(tensors))


# The same answer everywhere -----------------------------------------------------------------


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
async def test_rest_and_grpc_answer_alike(
    task: Task, server: Server, http: httpx.AsyncClient
) -> None:
    request, name = sample_request(task), tiny_config(task).name
    rest = await http.post(f"/v2/models/{name}/infer", json=infer_body(request))
    assert rest.status_code == 200, rest.text
    over_rest = message_from_json(rest.json(), "outputs")
    over_grpc = message_of(await grpc_infer(server, grpc_request(name, request)))
    assert [tensor.name for tensor in over_rest.tensors]
    for left, right in zip(over_rest.tensors, over_grpc.tensors, strict=True):
        assert (left.name, left.shape) == (right.name, right.shape)
        assert same_data(left.data, right.data)


def same_data(left: Any, right: Any) -> bool:
    """BYTES come from JSON as text, base64 for all but plain words."""
    if isinstance(left, np.ndarray):
        return bool(np.array_equal(left, right))
    return all(
        raw == text.encode() or base64.b64encode(raw).decode() == text
        for text, raw in zip(left, right, strict=True)
    )


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
async def test_v1_enriches_the_instance_with_the_answer(
    task: Task, http: httpx.AsyncClient
) -> None:
    request, name = sample_request(task), tiny_config(task).name
    instance = to_instance(request) | {"note": "kept"}
    answer = await http.post(f"/v1/models/{name}:predict", json={"instances": [instance] * 2})
    assert answer.status_code == 200, answer.text
    first, second = answer.json()["predictions"]
    assert first == second
    assert first["note"] == "kept"
    assert first["produced"]


async def test_v1_and_v2_make_the_same_sound(http: httpx.AsyncClient) -> None:
    v1 = await http.post("/v1/models/synthesize:predict", json={"instances": [{"text": "hello"}]})
    v2 = await http.post("/v2/models/synthesize/infer", json=say("hello"))
    assert v1.json()["predictions"][0]["audio"] == v2.json()["outputs"][0]["data"][0]


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "application/json", "application/octet-stream", "text/x"],
)
async def test_v1_reads_json_whatever_it_is_called(
    content_type: str, http: httpx.AsyncClient
) -> None:
    answer = await http.post(
        "/v1/models/synthesize:predict",
        content=json.dumps({"instances": [{"text": "hi"}]}),
        headers={"content-type": content_type},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"


async def test_our_client_hears_what_it_had_said(server: Server, http: httpx.AsyncClient) -> None:
    client = HttpClient(lambda model: server.url, http)
    spoken = await client.call("synthesize", SynthesizeInput("two words"), RequestContext())
    heard = await client.call("transcribe", TranscribeInput(spoken.audio), RequestContext())
    assert heard.text == "two words"


async def test_grpc_carries_fractions_as_text(server: Server) -> None:
    request = grpc_request("synthesize", SynthesizeInput("abcd", speed=2.0))
    assert request.parameters["speed"].string_param == "2.0"
    answer = await grpc_infer(server, request)
    output = output_from_message(SynthesizeInput.output, message_of(answer))
    assert output.audio.duration_s == pytest.approx(0.1)  # type: ignore[attr-defined]


async def test_grpc_takes_contents_instead_of_raw_bytes(server: Server) -> None:
    tensor = pb.ModelInferRequest.InferInputTensor(name="text", datatype="BYTES", shape=[1])
    tensor.contents.bytes_contents.append(b"hello")
    request = pb.ModelInferRequest(model_name="synthesize", inputs=[tensor])
    answer = await grpc_infer(server, request)
    assert read_wav(message_of(answer).tensors[0].data[0]).duration_s == pytest.approx(0.25)  # type: ignore[arg-type]


async def test_requested_outputs_only(http: httpx.AsyncClient) -> None:
    request = sample_request(Task.TRANSCRIBE)
    body = infer_body(request) | {"outputs": [{"name": "text"}]}
    answer = await http.post("/v2/models/transcribe/infer", json=body)
    assert [tensor["name"] for tensor in answer.json()["outputs"]] == ["text"]
    body["outputs"] = [{"name": "nonsense"}]
    answer = await http.post("/v2/models/transcribe/infer", json=body)
    assert (answer.status_code, answer.json()["param"]) == (400, "outputs")


async def test_request_id_comes_back_and_is_logged(server: Server, http: httpx.AsyncClient) -> None:
    headers = {REQUEST_ID_HEADER: "find-me-1"}
    answer = await http.post("/v2/models/synthesize/infer", json=say("hush"), headers=headers)
    assert answer.headers[REQUEST_ID_HEADER] == "find-me-1"
    (line,) = [json.loads(one) for one in server.log.splitlines() if "find-me-1" in one]
    assert (line["model"], line["task"], line["status"]) == (
        "synthesize",
        "synthesize",
        "FINISHED_STOPPED",
    )
    assert {"queue_ms", "infer_ms", "batch_size"} <= line.keys()
    assert "hush" not in server.log


# Binary tensors over REST, {"b64": …} over V1 -------------------------------------------------


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
async def test_binary_tensors_say_the_same_as_json(task: Task, http: httpx.AsyncClient) -> None:
    request, name = sample_request(task), tiny_config(task).name
    body, header_length = request_body(to_message(request))
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: str(header_length)}
    binary = await http.post(f"/v2/models/{name}/infer", content=body, headers=headers)
    assert binary.status_code == 200, binary.text
    assert binary.headers["content-type"] == "application/octet-stream"
    plain = await http.post(f"/v2/models/{name}/infer", json=infer_body(request))
    assert HEADER_LENGTH not in plain.headers
    found = message_from_body(binary.content, binary.headers[HEADER_LENGTH], "outputs")
    for left, right in zip(
        message_from_json(plain.json(), "outputs").tensors, found.tensors, strict=True
    ):
        assert (left.name, left.shape) == (right.name, right.shape)
        assert same_data(left.data, right.data)


async def test_one_output_may_be_binary_beside_json(http: httpx.AsyncClient) -> None:
    body = infer_body(sample_request(Task.TRANSCRIBE))
    body["outputs"] = [
        {"name": "segments", "parameters": {"binary_data": True}},
        {"name": "text"},
    ]
    answer = await http.post("/v2/models/transcribe/infer", json=body)
    size = int(answer.headers[HEADER_LENGTH])
    text, segments = json.loads(answer.content[:size])["outputs"]
    assert text["data"]
    assert "data" not in segments
    assert segments["parameters"]["binary_data_size"] == len(answer.content) - size > 0


WRONG_BINARY: dict[str, tuple[bytes, str, str]] = {
    "header longer than the body": (b"{}", "3", HEADER_LENGTH),
    "header no number": (b"{}", "2.0", HEADER_LENGTH),
    "more than the tensors say": (b'{"inputs": []}\xff\xfe', "14", "body"),
    "no JSON": (b"\xff\xfe", "2", "body"),
}


@pytest.mark.parametrize("case", WRONG_BINARY)
async def test_wrong_binary_bodies_are_refused_by_field(case: str, http: httpx.AsyncClient) -> None:
    content, header_length, param = WRONG_BINARY[case]
    headers = {"content-type": "application/octet-stream", HEADER_LENGTH: header_length}
    url = "/v2/models/synthesize/infer"
    answer = await http.post(url, content=content, headers=headers)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


async def test_v1_takes_binary_values_as_tensorflow_serving_spells_them(
    http: httpx.AsyncClient,
) -> None:
    audio = to_instance(sample_request(Task.TRANSCRIBE))["audio"]
    answers = [
        await http.post("/v1/models/transcribe:predict", json={"instances": [instance]})
        for instance in ({"audio": audio}, {"audio": {"b64": audio}}, {"b64": audio})
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.json()["predictions"][0]["text"] for answer in answers}) == 1


async def test_the_server_tells_which_extensions_it_has(http: httpx.AsyncClient) -> None:
    assert "binary_tensor_data" in (await http.get("/v2")).json()["extensions"]


# Metadata, readiness, metrics ---------------------------------------------------------------


@pytest.mark.parametrize("task", TINY_MODEL_TYPES)
async def test_metadata_documents_tensors_and_parameters(
    task: Task, server: Server, http: httpx.AsyncClient
) -> None:
    name = tiny_config(task).name
    rest = (await http.get(f"/v2/models/{name}")).json()
    asked = pb.ModelMetadataRequest(name=name)
    async with grpc_method(server, "ModelMetadata", pb.ModelMetadataResponse) as call:
        over_grpc = await call(asked)
    assert [tensor["name"] for tensor in rest["inputs"]] == [t.name for t in over_grpc.inputs]
    assert [tensor["name"] for tensor in rest["outputs"]] == [t.name for t in over_grpc.outputs]
    assert all(tensor["doc"] for tensor in rest["inputs"] + rest["outputs"])
    assert "priority" in {parameter["name"] for parameter in rest["parameters"]}


async def test_readiness_tells_the_truth(server: Server, http: httpx.AsyncClient) -> None:
    assert (await http.get("/v2/models/synthesize/ready")).status_code == 200
    assert (await http.get("/v1/models/synthesize")).status_code == 200
    assert (await http.get("/v2/models/broken/ready")).status_code == 503
    assert (await http.get("/v1/models/broken")).status_code == 503
    assert (await http.get("/v2/health/ready")).status_code == 503  # one of its models is not
    assert (await http.get("/v2/health/live")).status_code == 200
    async with grpc_method(server, "ModelReady", pb.ModelReadyResponse) as call:
        assert (await call(pb.ModelReadyRequest(name="synthesize"))).ready
        assert not (await call(pb.ModelReadyRequest(name="broken"))).ready


async def test_model_that_cannot_load_is_unavailable_and_leaks_nothing(
    server: Server, http: httpx.AsyncClient
) -> None:
    answer = await http.post("/v2/models/broken/infer", json=say("hi"))
    assert (answer.status_code, answer.json()["code"]) == (503, "model_not_ready")
    assert int(answer.headers["retry-after"]) >= 1
    assert "secret" not in answer.text
    await fails_with(
        StatusCode.UNAVAILABLE, grpc_infer(server, grpc_request("broken", SynthesizeInput("hi")))
    )


async def test_metrics_count_what_happened(http: httpx.AsyncClient) -> None:
    await http.post("/v2/models/synthesize/infer", json=say("hi"))
    await http.post("/v2/models/synthesize/infer", json=say("hi", voice="nobody"))
    lines = (await http.get("/metrics")).text.splitlines()
    values = {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in lines[1:]
        if line[0] != "#"
    }
    assert values['speech_characters_total{model="synthesize",task="synthesize"}'] >= 2
    assert values['speech_errors_total{code="invalid_request",model="synthesize"}'] >= 1
    for status in ("WAITING", "RUNNING", "FINISHED_STOPPED", "FINISHED_IGNORED"):
        assert values[f'speech_request_status_total{{model="synthesize",status="{status}"}}'] >= 1
    assert values['speech_model_loads_total{model="synthesize",outcome="ok"}'] == 1
    assert values['speech_model_loads_total{model="broken",outcome="failed"}'] >= 1
    assert values['speech_queue_depth{model="synthesize"}'] == 0


# Bad input ----------------------------------------------------------------------------------


def without_data(body: dict[str, Any]) -> dict[str, Any]:
    del body["inputs"][0]["data"]
    return body


def changed(**change: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def change_first_input(body: dict[str, Any]) -> dict[str, Any]:
        body["inputs"][0] |= change
        return body

    return change_first_input


WRONG_V2: dict[str, tuple[Callable[[dict[str, Any]], Any], str | None]] = {
    "no inputs": (lambda body: {}, "inputs"),
    "a list": (lambda body: [1], None),
    "no data": (without_data, "text"),
    "unknown tensor": (changed(name="texd"), "texd"),
    "number for text": (changed(data=[3]), "text"),
    "two elements in shape 1": (changed(data=["a", "b"]), "text"),
    "negative shape": (changed(shape=[-1]), "text"),
    "enormous shape": (changed(shape=[1 << 62]), "text"),
    "wrong datatype": (changed(datatype="FP32", data=[1.0]), "text"),
    "unknown datatype": (changed(datatype="FANCY"), "text"),
    "unknown parameter": (lambda body: body | {"parameters": {"sped": 1.0}}, "sped"),
    "parameter out of range": (lambda body: body | {"parameters": {"speed": 99.0}}, "speed"),
    "parameter of another type": (lambda body: body | {"parameters": {"speed": "x"}}, "speed"),
    "parameter that is a list": (lambda body: body | {"parameters": {"speed": [1]}}, None),
    "another task": (lambda body: body | {"parameters": {"task": "transcribe"}}, "task"),
    "wrong priority": (lambda body: body | {"parameters": {"priority": "now"}}, PRIORITY_HEADER),
    "empty text": (changed(data=[""]), "text"),
}


@pytest.mark.parametrize("case", WRONG_V2)
async def test_wrong_v2_body_is_refused_by_field(case: str, http: httpx.AsyncClient) -> None:
    spoil, param = WRONG_V2[case]
    answer = await http.post("/v2/models/synthesize/infer", json=spoil(say("hello")))
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["error"]
    assert body["code"] == "invalid_request"
    assert param is None or body["param"] == param


WRONG_V1: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "body"),
    "not JSON": (b"{hello", "body"),
    "not UTF-8": (b"\xff\xfe{}", "body"),
    "a list": (b"[]", "instances"),
    "no instances": (b"{}", "instances"),
    "instances no list": (b'{"instances": 3}', "instances"),
    "no instance": (b'{"instances": []}', "instances"),
    "instance no object": (b'{"instances": ["hi"]}', "instances"),
    "no text": (b'{"instances": [{}]}', "text"),
    "text a number": (b'{"instances": [{"text": 3}]}', "text"),
    "speed a word": (b'{"instances": [{"text": "a", "speed": "fast"}]}', "speed"),
}


@pytest.mark.parametrize("case", WRONG_V1)
async def test_wrong_v1_body_is_refused_by_field(case: str, http: httpx.AsyncClient) -> None:
    body, param = WRONG_V1[case]
    headers = {"content-type": "application/json"}
    url = "/v1/models/synthesize:predict"
    answer = await http.post(url, content=body, headers=headers)
    assert answer.status_code == 400, answer.text
    assert (answer.json()["code"], answer.json()["param"]) == ("invalid_request", param)


@pytest.mark.parametrize("junk", [b"", b"RIFF", b"no sound at all", bytes(range(256))])
async def test_bytes_that_are_no_audio_are_refused(junk: bytes, http: httpx.AsyncClient) -> None:
    body = infer_body(sample_request(Task.TRANSCRIBE))
    body["inputs"][0]["data"] = [base64.b64encode(junk).decode()]
    answer = await http.post("/v2/models/transcribe/infer", json=body)
    assert (answer.status_code, answer.json()["param"]) == (400, "audio")


@pytest.mark.parametrize("name", ["16ch.opus", "segv.m4a"])
async def test_a_recording_that_ends_its_decoder_ends_no_server(
    name: str, server: Server, http: httpx.AsyncClient
) -> None:
    """V1, V2 in JSON and gRPC; what is decoded for it is refused, and the next caller answered."""
    recording = (Path(__file__).parents[1] / "data" / "attack" / name).read_bytes()
    text = base64.b64encode(recording).decode()
    v2 = infer_body(sample_request(Task.TRANSCRIBE))
    v2["inputs"][0]["data"] = [text]
    for path, body in (
        ("/v2/models/transcribe/infer", v2),
        ("/v1/models/transcribe:predict", {"instances": [{"audio": text}]}),
    ):
        answer = await http.post(path, json=body)
        assert (answer.status_code, answer.json()["param"]) == (400, "audio"), answer.text
        assert "channels; send 1 to 8" in answer.json()["error"]
    request = grpc_request("transcribe", sample_request(Task.TRANSCRIBE))
    request.raw_input_contents[0] = len(recording).to_bytes(4, "little") + recording
    said = await fails_with(StatusCode.INVALID_ARGUMENT, grpc_infer(server, request))
    assert "channels; send 1 to 8" in said
    good = infer_body(sample_request(Task.TRANSCRIBE))
    assert (await http.post("/v2/models/transcribe/infer", json=good)).status_code == 200
    assert 'speech_audio_refused_total{reason="channels"}' in (await http.get("/metrics")).text


async def test_audio_longer_than_allowed_is_refused(http: httpx.AsyncClient) -> None:
    hour = Audio(np.zeros(8000 * 40, np.float32), 8000)
    answer = await http.post("/v2/models/transcribe/infer", json=infer_body(TranscribeInput(hour)))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("announced", [True, False])
async def test_body_larger_than_allowed_is_refused(
    announced: bool, http: httpx.AsyncClient
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    content = b"x" * 2_000_000 if announced else pieces()
    answer = await http.post("/v2/models/synthesize/infer", content=content)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_a_compressed_body_is_refused(http: httpx.AsyncClient) -> None:
    """Triton's client compresses when it is asked to."""
    headers = {"content-encoding": "gzip"}
    answer = await http.post("/v2/models/synthesize/infer", content=b"\x1f\x8b", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_encoding")


async def test_v2_json_that_is_broken_is_not_repeated(http: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json"}
    url = "/v2/models/synthesize/infer"
    answer = await http.post(url, content=b'{"private words', headers=headers)
    assert (answer.status_code, answer.json()["param"]) == (400, "body")
    assert "private" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/nobody", 404),
        ("GET", "/v2/models/nobody/ready", 404),
        ("GET", "/v1/models/nobody", 404),
        ("POST", "/v2/models/nobody/infer", 404),
        ("POST", "/v1/models/nobody:predict", 404),
        ("POST", "/v1/models/synthesize:explain", 501),
        ("POST", "/v2/models/synthesize/versions/2/infer", 501),
        ("GET", "/v2/models/synthesize/versions/2", 501),
        ("GET", "/v2/models/synthesize/versions/2/ready", 501),
        ("POST", "/v2/repository/models/synthesize/load", 400),
        ("POST", "/v2/repository/models/synthesize/unload", 400),
    ],
)
async def test_what_is_not_there_is_said(
    method: str, path: str, status: int, http: httpx.AsyncClient
) -> None:
    answer = await http.request(method, path, json=say("hi") if method == "POST" else None)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert (await http.get("/v2/models/synthesize/ready")).status_code == 200


@pytest.mark.parametrize("header", [{PRIORITY_HEADER: "now"}, {TIMEOUT_HEADER: "-1"}])
async def test_wrong_header_is_refused_by_name(
    header: dict[str, str], http: httpx.AsyncClient
) -> None:
    answer = await http.post("/v2/models/synthesize/infer", json=say("hi"), headers=header)
    assert (answer.status_code, answer.json()["param"]) == (400, next(iter(header)))


# Values that cost more than they weigh, or that JSON has no spelling for ----------------------

DEEP = b"[" * 100_000
SURROGATE = b'"\\ud800"'
HOSTILE_V2: dict[str, tuple[bytes, str]] = {
    "strings for numbers": (
        b'{"inputs": [{"name": "mel", "datatype": "FP32", "shape": [2000, 1], "data": ["'
        + b"a" * 200_000
        + b'"'
        + b', ""' * 1999
        + b"]}]}",
        "mel",
    ),
    "65 dimensions": (
        b'{"inputs": [{"name": "mel", "datatype": "FP32", "shape": ['
        + b"1, " * 64
        + b'1], "data": [1]}]}',
        "mel",
    ),
    "nested": (b'{"inputs": ' + DEEP, "body"),
    "NaN": (
        b'{"inputs": [{"name": "mel", "datatype": "FP32", "shape": [1, 1], "data": [NaN]}]}',
        "mel",
    ),
    "infinite": (b'{"inputs": [], "parameters": {"speed": -Infinity}}', "parameters.speed"),
    "beyond a float": (b'{"inputs": [], "parameters": {"speed": 1e999}}', "parameters.speed"),
    "half a surrogate": (b'{"inputs": [{"name": ' + SURROGATE + b"}]}", "inputs[0].name"),
    "a key of half a surrogate": (b'{"parameters": {' + SURROGATE + b": 1}}", "parameters.?"),
    "a long name": (
        b'{"inputs": [{"name": "' + b"n" * 100_000 + b'", "datatype": "FP32"}]}',
        "n" * 64 + "…",
    ),
    "a long parameter": (
        b'{"inputs": [], "parameters": {"' + b"n" * 100_000 + b'": 1}}',
        "n" * 64 + "…",
    ),
    "a long output": (
        b'{"inputs": [], "outputs": [{"name": "' + b"n" * 100_000 + b'"}]}',
        "mel",
    ),
}


@pytest.mark.parametrize("case", HOSTILE_V2)
async def test_hostile_v2_bodies_are_refused_by_field(
    case: str, server: Server, http: httpx.AsyncClient
) -> None:
    body, param = HOSTILE_V2[case]
    before = peak_memory_bytes(server.process.pid)
    answer = await http.post("/v2/models/vocode/infer", content=body)
    assert (answer.status_code, answer.json()["param"]) == (400, param)
    assert len(answer.content) < 500
    assert peak_memory_bytes(server.process.pid) - before < 100 << 20


HOSTILE_V1: dict[str, tuple[bytes, str]] = {
    "nested": (b'{"instances": [{"note": ' + DEEP + b"]" * 100_000 + b"}]}", "body"),
    "nested a little": (b'{"instances": [{"note": ' + b"[" * 300 + b"]" * 300 + b"}]}", "body"),
    "NaN": (b'{"instances": [{"text": "a", "note": NaN}]}', "instances[0].note"),
    "half a surrogate": (b'{"instances": [{"text": ' + SURROGATE + b"}]}", "instances[0].text"),
}


@pytest.mark.parametrize("case", HOSTILE_V1)
async def test_hostile_v1_bodies_are_refused_by_field(case: str, http: httpx.AsyncClient) -> None:
    body, param = HOSTILE_V1[case]
    answer = await http.post("/v1/models/synthesize:predict", content=body)
    assert (answer.status_code, answer.json()["param"]) == (400, param)


async def fails_with(status: StatusCode, call: Any) -> str:
    with pytest.raises(AioRpcError) as failed:
        await call
    assert failed.value.code() is status, failed.value.details()
    return failed.value.details() or ""


def grpc_tensor(**fields: Any) -> pb.ModelInferRequest.InferInputTensor:
    return pb.ModelInferRequest.InferInputTensor(
        **{"name": "text", "datatype": "BYTES", "shape": [1]} | fields
    )


EMPTY = pb.InferTensorContents(bytes_contents=[b""] * 200_000)
HOSTILE_GRPC: dict[str, tuple[pb.ModelInferRequest, str]] = {
    "a shape of empty elements": (
        pb.ModelInferRequest(
            inputs=[grpc_tensor(shape=[33_000_000])], raw_input_contents=[bytes(800_000)]
        ),
        "text has shape [33000000]",
    ),
    "empty elements": (
        pb.ModelInferRequest(
            inputs=[grpc_tensor(shape=[200_000])], raw_input_contents=[bytes(800_000)]
        ),
        "text has shape [200000]",
    ),
    "empty elements as typed contents": (
        pb.ModelInferRequest(inputs=[grpc_tensor(shape=[200_000], contents=EMPTY)]),
        "at most 4096 fields",
    ),
    "empty inputs": (
        pb.ModelInferRequest(inputs=[pb.ModelInferRequest.InferInputTensor()] * 100_000),
        "at most 4096 fields",
    ),
    "65 dimensions": (
        pb.ModelInferRequest(inputs=[grpc_tensor(shape=[1] * 65)], raw_input_contents=[b""]),
        "8 dimensions",
    ),
    "typed numbers for text": (
        pb.ModelInferRequest(
            inputs=[grpc_tensor(contents=pb.InferTensorContents(fp32_contents=[1.0]))]
        ),
        "text does not hold",
    ),
    "more raw contents than inputs": (
        pb.ModelInferRequest(inputs=[grpc_tensor()], raw_input_contents=[b"", b""]),
        "raw_input_contents holds 2",
    ),
    "a long name": (
        pb.ModelInferRequest(inputs=[grpc_tensor(name="n" * 100_000)], raw_input_contents=[b""]),
        "the most is 64",
    ),
}


@pytest.mark.parametrize("case", HOSTILE_GRPC)
async def test_hostile_grpc_requests_are_refused_by_field(case: str, server: Server) -> None:
    request, words = HOSTILE_GRPC[case]
    request.model_name = "synthesize"
    before = peak_memory_bytes(server.process.pid)
    said = await fails_with(StatusCode.INVALID_ARGUMENT, grpc_infer(server, request))
    assert words in said
    assert len(said) < 300
    assert peak_memory_bytes(server.process.pid) - before < 50 << 20


@pytest.mark.parametrize(
    "junk", [b"\xff", b"\x2a\x05a", b"\x07", b"\x2a\x02\x0a\x01", b"\x80" * 99]
)
async def test_bytes_that_are_no_grpc_request_are_refused(junk: bytes, server: Server) -> None:
    address = f"127.0.0.1:{server.grpc_port}"
    async with insecure_channel(address) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        await fails_with(StatusCode.INVALID_ARGUMENT, call(junk))


async def test_grpc_takes_typed_numbers(server: Server) -> None:
    request = sample_request(Task.VOCODE)
    spelled = grpc_request("vocode", request)
    for tensor, raw in zip(spelled.inputs, spelled.raw_input_contents, strict=True):
        tensor.contents.fp32_contents.extend(np.frombuffer(raw, "<f4").tolist())
    del spelled.raw_input_contents[:]
    typed = message_of(await grpc_infer(server, spelled))
    raw_answer = message_of(await grpc_infer(server, grpc_request("vocode", request)))
    assert typed.tensors[0].data == raw_answer.tensors[0].data


async def test_grpc_errors_have_their_status(server: Server) -> None:
    request = grpc_request("synthesize", SynthesizeInput("hi"))
    unknown = pb.ModelInferRequest(model_name="nobody", inputs=request.inputs)
    await fails_with(StatusCode.NOT_FOUND, grpc_infer(server, unknown))
    truncated = grpc_request("synthesize", SynthesizeInput("hi"))
    truncated.raw_input_contents[0] = b"\x09\x00\x00\x00hi"
    said = await fails_with(StatusCode.INVALID_ARGUMENT, grpc_infer(server, truncated))
    assert "text" in said
    huge = grpc_request("synthesize", SynthesizeInput("hi"))
    huge.raw_input_contents[0] = b"a" * 2_000_000
    await fails_with(StatusCode.RESOURCE_EXHAUSTED, grpc_infer(server, huge))
    asked = pb.RepositoryModelUnloadRequest(model_name="synthesize")
    async with grpc_method(
        server, "RepositoryModelUnload", pb.RepositoryModelUnloadResponse
    ) as call:
        await fails_with(StatusCode.INVALID_ARGUMENT, call(asked))


# Load: queue, deadline, cancel --------------------------------------------------------------


def gated(http: httpx.AsyncClient, text: str, **headers: str) -> asyncio.Task[httpx.Response]:
    url = f"/v2/models/{GATED}/infer"
    return asyncio.create_task(http.post(url, json=say(text), headers=headers))


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():  # noqa: ASYNC110  # another process sets no event of ours
            await asyncio.sleep(0.02)


async def until_depth(http: httpx.AsyncClient, depth: int) -> None:
    """Return when this many requests wait for the gated model."""
    line = f'speech_queue_depth{{model="{GATED}"}} {float(depth)}'

    async def is_so() -> bool:
        return line in (await http.get("/metrics")).text

    await until(is_so)


async def until_started(gate: Gate, text: str) -> None:
    async def is_so() -> bool:
        return text in gate.started

    await until(is_so)


async def aborted_count(http: httpx.AsyncClient) -> float:
    start = f'speech_request_status_total{{model="{GATED}",status="FINISHED_ABORTED"}} '
    lines = (await http.get("/metrics")).text.splitlines()
    return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0.0)


async def test_full_queue_answers_429_and_all_others_are_served(
    server: Server, http: httpx.AsyncClient, gate: Gate
) -> None:
    taken = [gated(http, "one")]
    await until_started(gate, "one")
    taken += [gated(http, "two"), gated(http, "three")]
    await until_depth(http, 2)
    refused = await gated(http, "too many")
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert int(refused.headers["retry-after"]) >= 1
    over_grpc = grpc_request(GATED, SynthesizeInput("too many"))
    await fails_with(StatusCode.RESOURCE_EXHAUSTED, grpc_infer(server, over_grpc))
    assert (await http.get("/v2/models/gated/ready")).status_code == 200  # the loop is free
    gate.open()
    assert [(await one).status_code for one in taken] == [200] * 3


async def test_deadline_answers_504_and_the_next_request_is_served(
    server: Server, http: httpx.AsyncClient, gate: Gate
) -> None:
    late = await gated(http, "late", **{TIMEOUT_HEADER: "100"})
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    over_grpc = grpc_request(GATED, SynthesizeInput("late"))
    call = grpc_infer(server, over_grpc, metadata=((TIMEOUT_HEADER, "100"),))
    await fails_with(StatusCode.DEADLINE_EXCEEDED, call)
    gate.open()
    assert (await gated(http, "next")).status_code == 200


@pytest.mark.parametrize("transport", ["rest", "grpc"])
async def test_client_that_hangs_up_leaves_the_queue(
    transport: str, server: Server, http: httpx.AsyncClient, gate: Gate
) -> None:
    running = gated(http, "running")
    await until_started(gate, "running")
    aborted = await aborted_count(http)
    gone: asyncio.Task[Any]
    if transport == "rest":
        gone = gated(http, "gone")
    else:
        call = grpc_infer(server, grpc_request(GATED, SynthesizeInput("gone")))
        gone = asyncio.create_task(call)
    await until_depth(http, 1)
    gone.cancel()
    await until_depth(http, 0)

    async def is_recorded() -> bool:
        return await aborted_count(http) == aborted + 1

    await until(is_recorded)
    gate.open()
    assert (await running).status_code == 200
    assert "gone" not in gate.started


async def test_drain_finishes_what_is_in_flight(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with tiny_server(tmp_path) as server:
        await asyncio.to_thread(server.wait_until_ready, GATED)
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
            running = gated(http, "running")
            await until_started(gate, "running")
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))

            async def is_closing() -> bool:
                return "Shutting down" in server.log

            await until(is_closing)
            gate.open()
            assert (await running).status_code == 200
            assert await stopping == 0


async def test_drain_finishes_grpc_too(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with tiny_server(tmp_path) as server:
        await asyncio.to_thread(server.wait_until_ready, GATED)
        call = grpc_infer(server, grpc_request(GATED, SynthesizeInput("running")))
        running = asyncio.create_task(call)
        await until_started(gate, "running")
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))

        async def is_closing() -> bool:
            return "Finished server process" in server.log

        await until(is_closing)
        gate.open()
        assert message_of(await running).tensors
        assert await stopping == 0


async def test_without_loading_at_start_the_first_request_loads(tmp_path: Path) -> None:
    with tiny_server(tmp_path, SPEECH_LOAD_AT_START="false") as server:
        async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:

            async def is_listening() -> bool:
                return "Uvicorn running" in server.log

            await until(is_listening)
            ready = "/v2/models/synthesize/ready"
            assert (await http.get(ready)).status_code == 503
            answer = await http.post("/v2/models/synthesize/infer", json=say("hello"))
            assert answer.status_code == 200, answer.text
            assert (await http.get(ready)).status_code == 200
            request = grpc_request("transcribe", sample_request(Task.TRANSCRIBE))
            assert message_of(await grpc_infer(server, request)).tensors


# Sockets ------------------------------------------------------------------------------------


def test_a_model_server_limits_its_sockets_too(server: Server) -> None:
    with connected(server.url) as silent, connected(server.url) as large:
        large.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nlong: " + b"y" * 20_000 + b"\r\n\r\n")
        assert b" 431 " in read_to_end(large)
        assert not is_open_after(silent, 10)


async def test_a_model_server_reads_paths_as_clients_spell_them(http: httpx.AsyncClient) -> None:
    for path in ("/v2//health/live", "/v2/health/live/"):
        assert (await http.get(path)).status_code == 200
    assert (await http.head("/v2/health/live")).status_code == 200
