"""Calls over V2 REST: bodies, headers, and how a predictor's errors arrive."""

import asyncio
import gc
import json
import time
import tracemalloc

import httpx
import numpy as np
import pytest
from wire_reading import input_from_message

from contract.audio.codec import Audio
from contract.context import Priority, RequestContext
from contract.errors import (
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    NotReached,
    QueueFull,
    Unavailable,
)
from contract.tasks import AudioOutput, SynthesizeInput, Task, TranscribeInput, TranscribeOutput
from contract.wire.message import Message
from contract.wire.tensors import to_message
from transport.client.http import HttpClient
from transport.error_body import body_of_error
from transport.headers import context_from_headers
from transport.v2_body import HEADER_LENGTH, message_from_body, response_body

SPEECH = AudioOutput(Audio(np.linspace(-0.5, 0.5, 1000, dtype=np.float32), 16000))


def client(handler):
    transport = httpx.MockTransport(handler)
    return HttpClient(
        lambda name: f"http://{name}-predictor", httpx.AsyncClient(transport=transport)
    )


async def test_a_call_is_a_v2_inference_and_carries_the_context():
    seen = {}

    async def handler(request):
        seen["url"], seen["headers"] = str(request.url), request.headers
        seen["body"] = request.content
        answer = to_message(SPEECH)
        answer.parameters["trace"] = json.dumps(
            {"steps": [["tts", 0.0, 0.5]], "statuses": ["WAITING"], "hits": []}
        )
        asked = message_from_body(request.content, request.headers[HEADER_LENGTH], "inputs")
        body, size = response_body("tts", answer, asked)
        return httpx.Response(200, content=body, headers={HEADER_LENGTH: str(size)})

    context = RequestContext(request_id="abc", priority=Priority.BATCH)
    output = await client(handler).call("tts", SynthesizeInput(text="Hej å", speed=2.0), context)
    assert seen["url"] == "http://tts-predictor/v2/models/tts/infer"
    arrived = context_from_headers(seen["headers"])
    assert (arrived.request_id, arrived.priority) == ("abc", Priority.BATCH)
    assert arrived.traceparent.split("-")[1] == context.traceparent.split("-")[1]
    sent = message_from_body(seen["body"], seen["headers"][HEADER_LENGTH], "inputs")
    asked = input_from_message(Task.SYNTHESIZE, sent)
    assert (asked.text, asked.speed) == ("Hej å", 2.0)
    np.testing.assert_allclose(output.audio.samples, SPEECH.audio.samples, atol=1 / 32767)
    assert [step.step for step in context.trace.steps] == ["tts"]


async def test_a_predictors_error_keeps_its_class_and_words():
    async def handler(request):
        error = QueueFull("the queue is full", retry_after_s=3)
        return httpx.Response(429, json=body_of_error(error))

    with pytest.raises(QueueFull, match="the queue is full") as error:
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())
    assert error.value.retry_after_s == 3


async def test_an_answer_of_json_alone_is_understood():
    async def handler(request):
        body, size = response_body("tts", to_message(SPEECH), Message())
        assert size is None
        return httpx.Response(200, content=body)

    output = await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())
    np.testing.assert_allclose(output.audio.samples, SPEECH.audio.samples, atol=1 / 32767)


class JsonOnly:
    """A server of the version before binary tensors; `kinds` are the content types it was sent."""

    def __init__(self):
        self.kinds = []

    async def __call__(self, request):
        self.kinds.append(request.headers["content-type"].partition("/")[2])
        if HEADER_LENGTH in request.headers:
            refusal = InvalidRequest("binary tensors are not served", param=HEADER_LENGTH)
            return httpx.Response(400, json=body_of_error(refusal))
        sent = message_from_body(request.content, None, "inputs")
        assert input_from_message(Task.SYNTHESIZE, sent).text == "Hej å"
        return httpx.Response(200, content=response_body("tts", to_message(SPEECH), Message())[0])


async def test_a_server_without_binary_tensors_is_sent_json_for_a_while():
    server = JsonOnly()
    http = httpx.AsyncClient(transport=httpx.MockTransport(server))
    calls = HttpClient(lambda name: f"http://{name}", http, json_for_s=0.2)
    for _ in range(3):
        await calls.call("tts", SynthesizeInput(text="Hej å"), RequestContext())
    assert server.kinds == ["octet-stream", "json", "json", "json"]
    await asyncio.sleep(0.25)
    await calls.call("tts", SynthesizeInput(text="Hej å"), RequestContext())
    assert server.kinds[4:] == ["octet-stream", "json"]


async def test_a_body_that_was_sent_is_not_kept():
    """References in a circle would keep it until the collector comes, which is rare."""

    async def handler(request):
        heard = to_message(TranscribeOutput("hi", (), "en", 1.0, 30.0))
        return httpx.Response(200, content=response_body("stt", heard, Message())[0])

    calls, minute = client(handler), Audio(np.zeros(60 * 16_000, np.float32), 16_000)
    await calls.call("stt", TranscribeInput(SPEECH.audio), RequestContext())
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        await calls.call("stt", TranscribeInput(minute), RequestContext())
        async with asyncio.timeout(5):  # the thread that wrote it lets go a moment later
            while tracemalloc.get_traced_memory()[0] > minute.nbytes / 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        tracemalloc.stop()
        gc.enable()


async def test_any_other_refusal_is_the_callers():
    asked = []

    async def handler(request):
        asked.append(request)
        return httpx.Response(400, json=body_of_error(InvalidRequest("too fast", param="speed")))

    with pytest.raises(InvalidRequest, match="too fast"):
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"no JSON", ModelFailed),
        (200, b'{"outputs": 3}', ModelFailed),
    ],
)
async def test_an_answer_that_cannot_be_read_is_the_models_error(status, body, kind):
    async def handler(request):
        return httpx.Response(status, content=body)

    with pytest.raises(kind, match="cannot be read"):
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b"Internal Server Error", ModelFailed),
        (503, b"activator overloaded", Unavailable),
        (504, b"activator request timeout", DeadlineExceeded),
        (500, b"[1, 2]", ModelFailed),
    ],
)
async def test_what_proxies_say_becomes_an_error_of_ours(status, body, kind):
    async def handler(request):
        return httpx.Response(status, content=body)

    with pytest.raises(kind, match="tts answered"):
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"dial tcp 10.1.2.3:8012: connect: connection refused\n", NotReached),
        (b"timed out dialing 10.1.2.3:8012 after 10.00s\n", NotReached),
        (b"EOF\n", ConnectionLost),
        (b"read tcp 10.1.2.3:8012: read: connection reset by peer\n", ConnectionLost),
    ],
)
async def test_a_proxy_that_made_no_connection_did_no_work(body, kind):
    async def handler(request):
        return httpx.Response(502, content=body)

    with pytest.raises(kind) as error:
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())
    assert type(error.value) is kind


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("refused"),
        AttributeError(
            "'NoneType' object has no attribute 'getpeername'"
        ),  # reset while connecting
    ],
)
async def test_nobody_there_is_unavailable(error):
    async def handler(request):
        raise error

    with pytest.raises(NotReached, match="tts cannot be reached"):
        await client(handler).call("tts", SynthesizeInput(text="x"), RequestContext())
    assert not await client(handler).is_ready("tts")


async def test_a_slow_predictor_meets_the_deadline():
    async def handler(request):
        await asyncio.sleep(30)

    context = RequestContext(deadline_s=time.monotonic() + 0.05)
    with pytest.raises(DeadlineExceeded):
        await client(handler).call("tts", SynthesizeInput(text="x"), context)


async def test_waking_asks_every_server_at_once():
    asked, everybody = [], asyncio.Event()

    async def handler(request):
        asked.append(request.url.host)
        if len(asked) == 3:
            everybody.set()
        await everybody.wait()
        return httpx.Response(200)

    await client(handler).wake(["a", "b", "c"], RequestContext())
    await asyncio.wait_for(everybody.wait(), 30)
    assert sorted(asked) == ["a-predictor", "b-predictor", "c-predictor"]
