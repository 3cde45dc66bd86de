"""Forms as programs write them by hand: which part is the recording, and what is said otherwise."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import TEXT, FakeClient
from ingress_app import data_url, wav, wav_base64

from contract.audio.codec import Audio, wav_bytes
from ingress.admission import MAX_JSON_ITEMS

PATH = "/v1/audio/transcriptions"
MODEL = b'name="model"\r\n\r\nwhisper-1'


def _form(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    head = b"--x\r\nContent-Disposition: form-data; "
    return b"".join(head + one + b"\r\n" for one in parts) + end


async def _post(http: httpx.AsyncClient, body: bytes) -> httpx.Response:
    kind = {"content-type": "multipart/form-data; boundary=x"}
    return await http.post(PATH, content=body, headers=kind)


@pytest.mark.parametrize(
    "head",
    [
        b'name="file"',
        b'name="file"; filename=""',
        b"name=\"file\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.wav",
        b"name=file; filename=a.wav",
        b'name="file[]"; filename="a.wav"',
        b'name="file[0]"; filename="a.wav"',
        b'name="file"; filename="..\\..\\a\\".wav"\r\nContent-Type: text/plain',
    ],
)
async def test_the_part_named_file_is_the_recording(
    http: httpx.AsyncClient, models: FakeClient, head: bytes
) -> None:
    answer = await _post(http, _form(MODEL, head + b"\r\n\r\n" + wav()))
    assert answer.status_code == 200, answer.text
    assert answer.json()["text"] == TEXT
    assert models.requests[0].audio.duration_s == 3
    assert "x-ignored-parameters" not in answer.headers


async def test_a_field_with_a_file_name_is_text(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    """Python's `requests` sends all that stands in `files=` so."""
    fields = {"model": "whisper-1", "response_format": "text", "language": "de", "prompt": "Füße"}
    parts = {name: (name, value.encode()) for name, value in fields.items()}
    answer = await http.post(PATH, files=parts | {"file": ("a.wav", wav())})
    assert answer.text == TEXT + "\n"
    assert (models.requests[0].language, models.requests[0].prompt) == ("de", "Füße")


@pytest.mark.parametrize("seconds", [3, 150], ids=["small", "beyond the most of a field"])
async def test_a_recording_under_another_name_is_pointed_out(
    http: httpx.AsyncClient, seconds: int
) -> None:
    upload = wav(seconds=seconds) + bytes(9 << 20 if seconds > 100 else 0)
    answer = await http.post(PATH, data={"model": "whisper-1"}, files={"audio": ("a", upload)})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "file"
    assert "an upload is named audio; name it file" in error["message"]


@pytest.mark.parametrize("end", [b"", b"--x", b'--x\r\nContent-Disposition: form-data; name="a"'])
async def test_a_form_that_breaks_off_is_named_so(http: httpx.AsyncClient, end: bytes) -> None:
    file = b'name="file"; filename="a.wav"\r\n\r\n' + wav()
    answer = await _post(http, _form(MODEL, file, end=end))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "body"
    assert "it ends before its last boundary" in error["message"]


@pytest.mark.parametrize("name", [b'a\\"; filename=\\"b', b"a\\\\", "ü".encode(), b"\xff\xfe"])
async def test_a_name_is_only_a_name(http: httpx.AsyncClient, name: bytes) -> None:
    strange = b'name="%b"; filename="c"\r\n\r\nd' % name
    file = b'name="file"; filename="a.wav"\r\n\r\n' + wav()
    answer = await _post(http, _form(MODEL, strange, file))
    assert answer.json()["text"] == TEXT
    assert answer.headers["x-ignored-parameters"]


@pytest.mark.parametrize("end", ["", "?language=de", "?language=fr&language=de", "?language="])
async def test_what_the_form_lacks_is_taken_from_the_address(
    http: httpx.AsyncClient, models: FakeClient, end: str
) -> None:
    answer = await http.post(PATH + end, files={"file": ("a.wav", wav())})
    assert answer.json()["text"] == TEXT
    assert models.requests[0].language == ("de" if end.endswith("de") else None)


async def test_the_form_goes_before_the_address(http: httpx.AsyncClient) -> None:
    end = "?response_format=srt&colour=blue&file=x&include[]=logprobs"
    form = {"response_format": "json"}
    answer = await http.post(PATH + end, files={"file": ("a.wav", wav())}, data=form)
    assert answer.json()["logprobs"]
    assert answer.headers["x-ignored-parameters"] == "colour"


async def test_a_wrong_value_in_the_address_is_named(http: httpx.AsyncClient) -> None:
    answer = await http.post(f"{PATH}?temperature=9", files={"file": ("a.wav", wav())})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "temperature")


@pytest.mark.parametrize("prefix", ["", "data:audio/wav;base64,", "\n"])
@pytest.mark.parametrize("alphabet", [b"+/", b"-_"])
async def test_a_file_may_come_as_base64(
    http: httpx.AsyncClient, models: FakeClient, prefix: str, alphabet: bytes
) -> None:
    text = prefix + base64.b64encode(wav(), alphabet).decode()
    answer = await http.post(PATH, files={"file": (None, text)})
    assert answer.json()["text"] == TEXT
    assert models.requests[0].audio.duration_s == 3


@pytest.mark.parametrize("data", [b"data:audio/wav;base64,", b"data:", b"a" * 1001, b"a" * 60])
async def test_text_that_holds_no_file_is_refused(http: httpx.AsyncClient, data: bytes) -> None:
    answer = await http.post(PATH, files={"file": ("a.txt", data)})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")


@pytest.mark.parametrize(
    "names",
    [("include[a]", "include"), ("include", "include[a]"), ("include[a]", "include[]")],
)
async def test_one_field_of_two_shapes_is_refused(
    http: httpx.AsyncClient, names: tuple[str, str]
) -> None:
    form = dict.fromkeys(names, "x")
    answer = await http.post(PATH, files={"file": ("a.wav", wav())}, data=form)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "include")


# JSON ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PATH, "/v1/audio/translations", "/v1/audio/speech/timestamps"])
async def test_an_upload_may_be_json(
    http: httpx.AsyncClient, models: FakeClient, path: str
) -> None:
    answer = await http.post(path, json={"file": data_url()})
    assert answer.status_code == 200, answer.text
    assert models.requests[0].audio.duration_s == 3


async def test_openrouter_s_json(http: httpx.AsyncClient, models: FakeClient) -> None:
    """Its API reference, "Create transcription"."""
    body = {
        "model": "openai/whisper-1",
        "input_audio": {"data": wav_base64(), "format": "wav"},
        "language": "en",
        "temperature": 0.5,
        "provider": {"options": {"openai": {"prompt": "Names."}}},
    }
    answer = await http.post(PATH, json=body)
    assert answer.json() == {"text": TEXT, "usage": {"type": "duration", "seconds": 3.0}}
    assert answer.headers["x-ignored-parameters"] == "provider"
    assert (models.requests[0].language, models.requests[0].temperature) == ("en", 0.5)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        *(({"file": "?"}, "file"), ({"file": [1]}, "file"), ({"file": ""}, "file")),
        *(({"input_audio": {}}, "input_audio.data"), ({"file": None}, "file")),
        ({"input_audio": {"data": "bm8gYXVkaW8="}}, "input_audio.data"),
        ({"file": data_url(), "temperature": 9}, "temperature"),
        ({"file": data_url(), "language": {"a": 1}}, "language"),
    ],
)
async def test_wrong_json_is_refused_by_field(
    http: httpx.AsyncClient, body: dict[str, Any], name: str
) -> None:
    answer = await http.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == name
    assert name in answer.json()["error"]["message"]


async def test_a_type_in_capitals_is_a_form_too(http: httpx.AsyncClient) -> None:
    """Its commas are sound, not values of JSON."""
    commas = wav_bytes(Audio(np.full(60_000, 0x2C2C / 2**15, np.float32), 16_000))
    assert commas.count(b",") > MAX_JSON_ITEMS
    body = _form(MODEL, b'name="file"; filename="a"\r\n\r\n' + commas)
    kind = {"content-type": "Multipart/Form-Data; boundary=x"}
    assert (await http.post(PATH, content=body, headers=kind)).json()["text"] == TEXT
