"""Request ids, deadlines, priorities, unexpected errors, and the one log line."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import browser, make_app, wav_base64

from contract.context import Priority
from transport.logs import JsonFormatter

VAD = {"model": "silero-vad", "input_audio": wav_base64(0.5)}
SPEECH = {"model": "tts-1", "voice": "alloy", "input": "A secret text."}


async def test_request_id_comes_back_and_goes_on(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    given = await http.post("/v1/audio/vad", json=VAD, headers={"x-request-id": "abc-1"})
    made = await http.get("/health")
    foreign = await http.get("/health", headers={"x-request-id": "no spaces, please"})
    assert given.headers["x-request-id"] == models.calls[0][2].request_id == "abc-1"
    assert len(made.headers["x-request-id"]) == len(foreign.headers["x-request-id"]) == 32


async def test_errors_have_a_request_id_too(http: httpx.AsyncClient) -> None:
    answer = await http.get("/nowhere", headers={"x-request-id": "abc-2"})
    assert answer.headers["x-request-id"] == "abc-2"


async def test_priority_and_trace_go_on(http: httpx.AsyncClient, models: FakeClient) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"x-speech-priority": "batch", "traceparent": trace}
    await http.post("/v1/audio/vad", json=VAD, headers=headers)
    context = models.calls[0][2]
    assert (context.priority, context.traceparent) == (Priority.BATCH, trace)


@pytest.mark.parametrize(
    ("header", "value"),
    [("x-speech-priority", "royal"), ("x-speech-timeout-ms", "soon"), ("x-speech-timeout-ms", "0")],
)
async def test_wrong_headers_are_named(http: httpx.AsyncClient, header: str, value: str) -> None:
    answer = await http.post("/v1/audio/speech", json=SPEECH, headers={header: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == header


@pytest.mark.parametrize(("path", "body"), [("/v1/audio/vad", VAD), ("/v1/audio/speech", SPEECH)])
async def test_a_passed_deadline_is_504(path: str, body: dict[str, Any]) -> None:
    models = FakeClient(delay_s=5)
    async with browser(make_app(models)) as http:
        answer = await http.post(path, json=body, headers={"x-speech-timeout-ms": "50"})
    assert answer.status_code == 504


async def test_the_server_s_own_limit_is_the_longest_deadline() -> None:
    async with browser(make_app(FakeClient(delay_s=5), timeout_s=0.05)) as http:
        headers = {"x-speech-timeout-ms": "60000"}
        answer = await http.post("/v1/audio/vad", json=VAD, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (504, "TimeoutError")


class Remembering(FakeClient):
    async def call(self, model: str, request: Any, context: Any) -> Any:
        context.trace.cache_hits.append(model)
        return await super().call(model, request, context)


async def test_an_answer_from_the_cache_says_so() -> None:
    async with browser(make_app(Remembering())) as http:
        answer = await http.post("/v1/audio/vad", json=VAD)
    assert answer.headers["x-speech-cache"] == "silero-vad"


class Broken(FakeClient):
    async def call(self, model: str, request: Any, context: Any) -> Any:
        raise RuntimeError("/srv/models/secret.bin is missing")


async def test_an_unexpected_error_is_500_and_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with browser(make_app(Broken())) as http:
        for path, body in (("/v1/audio/vad", VAD), ("/v1/audio/speech", SPEECH)):
            answer = await http.post(path, json=body)
            assert answer.status_code == 500
            assert "secret" not in answer.text
            assert "RuntimeError" not in answer.text
    assert "secret.bin" in caplog.text


def line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    (record,) = [one for one in caplog.records if one.name == "ingress.access"]
    return dict(json.loads(JsonFormatter().format(record)))


async def test_one_line_per_request_without_its_contents(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ingress.access"):
        await http.post("/v1/audio/speech", json=SPEECH, headers={"authorization": "Bearer k3y"})
    fields = line(caplog)
    assert (fields["status"], fields["path"]) == (200, "/v1/audio/speech")
    assert (fields["model"], fields["dialect"]) == ("piper", "openai")
    assert [step[0] for step in fields["steps_ms"]] == ["piper", "encode"]
    assert fields["audio_out_s"] > 0
    assert fields["duration_ms"] >= fields["first_byte_ms"] > 0
    assert not any(word in str(fields) for word in ("secret", "k3y"))


async def test_refusals_are_logged_with_their_code(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "ingress.access"):
        await http.post("/v1/audio/speech", json=SPEECH | {"model": "nobody\n{}"})
    fields = line(caplog)
    assert (fields["status"], fields["error"]) == (404, "model_not_found")
    assert "nobody" not in str(fields)
