"""The OpenAPI document: it loads, it lists everything, and answers keep to it under fuzzing."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest
import schemathesis
from fake_client import FakeClient
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, settings
from ingress_app import as_base64, make_app, wav, wav_base64
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contract.embedding import Embedding

APP = make_app(FakeClient(), docs="open")
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", APP)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


FUZZ = settings(
    max_examples=15,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
EMBEDDING = as_base64(Embedding("openvoice_v2", np.ones(256, np.float32)).to_bytes())
FITTING: dict[str, dict[str, Any]] = {
    "/v1/audio/speech": {"model": "piper", "voice": "joe", "language": "EN"},
    "/v1/audio/transcriptions": {"model": "whisper", "file": wav(0.2)},
    "/v1/audio/translations": {"model": "whisper", "file": wav(0.2)},
    "/v1/audio/vad": {"model": "silero-vad", "input_audio": wav_base64(0.2)},
    "/v1/embed/speaker": {"model": "openvoice_v2", "input_audio": wav_base64(0.2)},
    "/v1/embeddings": {"model": "openvoice_v2", "input_audio": wav_base64(0.2)},
    "/v1/voice/convert": {
        "model": "openvoice_v2",
        "source_audio": wav_base64(0.2),
        "target_audio": None,
        "target_embedding": EMBEDDING,
    },
    "/v1/audio/convert": {"model": "voicefixer", "source_audio": wav_base64(0.2)},
}
"""Values that let a fuzzed body past the first checks, so that the others are reached."""


@SCHEMA.parametrize()
@FUZZ
def test_fuzzed_requests_are_answered_as_documented(case: Any) -> None:
    case.call_and_validate(checks=CHECKS)


@SCHEMA.include(path=list(FITTING)).parametrize()
@FUZZ
def test_fuzzed_options_of_real_models_are_answered_as_documented(case: Any) -> None:
    if isinstance(case.body, dict):
        case.body |= FITTING[case.path]
        if case.media_type == "application/json" and "file" in case.body:
            case.body["input_audio"] = as_base64(case.body.pop("file"))
        if "mode" in case.body:
            case.body["mode"] = "single_speaker_tts"
    case.call_and_validate(checks=CHECKS)


async def test_the_document_lists_every_path(http: httpx.AsyncClient) -> None:  # S5
    document = (await http.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.")
    routes = {
        route.path.replace(":path", "") for route in APP.routes if isinstance(route, APIRoute)
    }
    assert set(document["paths"]) >= routes
    assert {"/v1/audio/speech", "/v1/audio/translations", "/v1/embeddings"} <= set(
        document["paths"]
    )


async def test_every_reference_leads_somewhere(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    known = set(document["components"]["schemas"])
    used = set(references(document))
    assert used
    assert used <= known


def references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [ref for one in node for ref in references(one)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].rsplit("/", 1)[1]] if isinstance(node.get("$ref"), str) else []
    return own + [ref for one in node.values() for ref in references(one)]


async def test_speech_documents_both_dialects_and_every_error(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    speech = document["paths"]["/v1/audio/speech"]["post"]
    body = speech["requestBody"]["content"]["application/json"]["schema"]
    assert {one["$ref"].rsplit("/", 1)[1] for one in body["anyOf"]} == {
        "CreateSpeechRequest",
        "TextToSpeechRequest",
    }
    assert {"200", "400", "401", "404", "413", "429", "500", "503", "504"} <= set(
        speech["responses"]
    )
    assert "422" not in speech["responses"]
    assert speech["security"]
    assert "security" not in document["paths"]["/health"]["get"]


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
async def test_documentation_can_be_switched_off(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path)).status_code == 200
    closed = make_app(FakeClient(), docs="off")
    transport = httpx.ASGITransport(app=closed)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as other:
        assert (await other.get(path)).status_code == 404
