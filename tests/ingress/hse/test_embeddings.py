"""POST /v1/embed/speaker and its other spelling."""

from __future__ import annotations

import base64
import re

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import wav_base64

from contract.embedding import Embedding, embedding_from_bytes


@pytest.mark.parametrize("path", ["/v1/embed/speaker", "/v1/embeddings"])
@pytest.mark.parametrize("model", ["hs1-encoder", "harmonyspeech", "openvoice_v1", "openvoice_v2"])
async def test_every_listed_model_embeds(http: httpx.AsyncClient, path: str, model: str) -> None:
    answer = await http.post(path, json={"model": model, "input_audio": wav_base64()})  # E1 E3
    body = answer.json()
    assert re.fullmatch(r"emb-[0-9a-f]{32}", body["id"])
    assert body["model"] == model
    embedding = embedding_from_bytes(base64.b64decode(body["data"], validate=True))
    assert isinstance(embedding, Embedding)
    assert embedding.vector.shape == (256,)


async def test_same_audio_twice_is_the_same_embedding(http: httpx.AsyncClient) -> None:  # E2
    asked = {"model": "openvoice_v2", "input_audio": wav_base64()}
    first, second = [(await http.post("/v1/embed/speaker", json=asked)).json() for _ in range(2)]
    assert first["data"] == second["data"]


@pytest.mark.parametrize("model", ["ov2-tone-converter-encoder", "nobody", ""])
async def test_unlisted_models_are_404(
    http: httpx.AsyncClient, models: FakeClient, model: str
) -> None:
    asked = {"model": model, "input_audio": wav_base64()}
    answer = await http.post("/v1/embed/speaker", json=asked)
    assert (answer.status_code, answer.json()["type"]) == (404, "NotFoundError")
    assert not models.calls


async def test_an_openai_embedding_call_is_told_what_is_missing(http: httpx.AsyncClient) -> None:
    answer = await http.post("/v1/embeddings", json={"model": "openvoice_v2", "input": "Hello"})
    assert answer.status_code == 400
    assert "input_audio" in answer.json()["message"]
