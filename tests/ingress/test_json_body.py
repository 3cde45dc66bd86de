"""JSON bodies in other charsets than UTF-8, and what the address adds to them."""

from __future__ import annotations

import json

import httpx
import pytest
from fake_client import FakeClient

PATH = "/v1/audio/speech"
TEXT = "Ça va?"
BODY = json.dumps({"model": "piper", "input": TEXT}, ensure_ascii=False)


async def post(http: httpx.AsyncClient, body: bytes, charset: str = "") -> httpx.Response:
    kind = "application/json" + (f"; charset={charset}" if charset else "")
    return await http.post(PATH, content=body, headers={"content-type": kind})


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        *(("utf-8", ""), ("utf-8-sig", ""), ("utf-8", "utf-8"), ("utf-8", "latin-1")),
        *(("utf-16", ""), ("utf-16-le", "utf-16"), ("utf-16-be", "UTF-8"), ("utf-32", "")),
        *(("latin-1", "ISO-8859-1"), ("cp1252", '"windows-1252"'), ("utf-8", "no-such-charset")),
    ],
)
async def test_charsets(
    http: httpx.AsyncClient, models: FakeClient, written: str, declared: str
) -> None:
    answer = await post(http, BODY.encode(written), declared)
    assert answer.status_code == 200, answer.text
    assert models.requests[0].text == TEXT


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        *((BODY.encode("latin-1"), ""), (BODY.encode("latin-1"), "no-such-charset")),
        *((BODY.encode("latin-1"), "idna"), (BODY.encode("latin-1"), "unicode_escape")),
        *((BODY.encode("utf-16")[:-1], ""), (b"\xff\xfe\x00\xd8", ""), (b"\x00\x00", "")),
    ],
)
async def test_text_that_cannot_be_read_is_refused(
    http: httpx.AsyncClient, body: bytes, declared: str
) -> None:
    answer = await post(http, body, declared)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("body must be JSON text")


@pytest.mark.parametrize("path", ["/v1/realtime/client_secrets", "/v1/audio/voice_consents/cons_1"])
async def test_every_route_with_json_says_what_is_wrong_with_it(
    http: httpx.AsyncClient, path: str
) -> None:
    for body in (b'{"name": "\xff"}', b'{"session": "\\ud800"}', b"{", b"[]"):
        answer = await http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert error["param"] in error["message"]


async def test_what_the_body_lacks_is_taken_from_the_address(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    end = "?voice=amy&model=none&response_format=wav&speed=2&colour=blue"
    answer = await http.post(PATH + end, json={"model": "piper", "input": TEXT})
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["x-ignored-parameters"] == "colour"
    assert (models.requests[0].voice, models.requests[0].speed) == ("amy", 2)


async def test_hse_s_bodies_too(http: httpx.AsyncClient, models: FakeClient) -> None:
    body = {"mode": "single_speaker_tts", "input": TEXT, "language": "EN", "voice": "amy"}
    answer = await http.post(f"{PATH}?model=piper", json=body)
    assert answer.json()["data"]
    assert models.models == ["piper"]
