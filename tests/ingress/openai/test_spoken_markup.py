"""Text as people send it and SSML, through POST /v1/audio/speech in both dialects."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import numpy as np
import pytest
from fake_client import RATE, SECONDS_PER_CHARACTER, FakeClient
from ingress_app import browser, heard, make_app

from contract.pronunciation import Stretch, stretches

PATH = "/v1/audio/speech"


def openai_body(text: str, **changes: Any) -> dict[str, Any]:
    plain = {"model": "tts-1", "voice": "joe", "input": text, "response_format": "wav"}
    return plain | {"stream": False} | changes


def hse_body(text: str, **changes: Any) -> dict[str, Any]:
    plain = {"model": "piper", "input": text, "mode": "single_speaker_tts"}
    return plain | {"language": "EN", "voice": "joe"} | changes


async def spoken(http: httpx.AsyncClient, body: dict[str, Any]) -> np.ndarray:
    """The samples of an answer in any of the forms that the two dialects have."""
    answer = await http.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"]
    if kind.startswith("application/json"):
        return heard(base64.b64decode(answer.json()["data"])).samples
    if kind.startswith("text/event-stream"):
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line[:6] == "data: "]
        deltas = [base64.b64decode(one["audio"]) for one in events if "audio" in one]
        return heard(b"".join(deltas)).samples
    return heard(answer.content).samples


WAYS = [
    pytest.param(openai_body, {}, id="whole"),
    pytest.param(openai_body, {"stream": True}, id="streamed"),
    pytest.param(openai_body, {"stream": None, "stream_format": "sse"}, id="events"),
    pytest.param(hse_body, {}, id="hse"),
    pytest.param(hse_body, {"output_options": {"format": "wav", "stream": True}}, id="hse-stream"),
]


def silences_s(samples: np.ndarray) -> list[float]:
    """Stretches of silence longer than 50 ms, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.abs(samples) < 1e-3, [0]]).astype(int)))
    lengths = (edges[1::2] - edges[::2]) / RATE
    return [round(float(length), 2) for length in lengths if length > 0.05]


@pytest.mark.parametrize(("body", "way"), WAYS)
async def test_a_break_is_silence_of_its_length(
    http: httpx.AsyncClient, models: FakeClient, body: Any, way: dict[str, Any]
) -> None:
    inner = '<break time="300ms"/>One.<break time="1.2s"/>Two. Three.<break time="700ms"/>'
    ssml = f"<speak>{inner}</speak>"
    samples = await spoken(http, body(ssml, **way))
    assert silences_s(samples) == [0.3, 1.2, 0.7]
    said = " ".join(request.text for request in models.requests)
    assert said == "One. Two. Three."
    characters = sum(len(request.text) for request in models.requests)
    expected_s = characters * SECONDS_PER_CHARACTER + 2.2
    assert len(samples) / RATE == pytest.approx(expected_s, abs=0.05)


@pytest.mark.parametrize(("body", "way"), WAYS)
async def test_prosody_changes_the_tempo_of_its_words(
    http: httpx.AsyncClient, models: FakeClient, body: Any, way: dict[str, Any]
) -> None:
    ssml = '<speak>Slow. <prosody rate="200%">Quick.</prosody> Slow.</speak>'
    samples = await spoken(http, body(ssml, **way))
    assert [(one.text, one.speed) for one in models.requests] == [
        ("Slow.", 1.0),
        ("Quick.", 2.0),
        ("Slow.", 1.0),
    ]
    expected_s = (5 + 6 / 2 + 5) * SECONDS_PER_CHARACTER
    assert len(samples) / RATE == pytest.approx(expected_s, abs=0.05)


async def test_prosody_multiplies_the_request_s_speed_within_bounds(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    ssml = '<speak><prosody rate="150%">Quick.</prosody></speak>'
    await http.post(PATH, json=openai_body(ssml, speed=2.0))
    assert models.requests[0].speed == pytest.approx(3.0)
    answer = await http.post(PATH, json=openai_body(ssml, speed=4.0))
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] == "input"
    assert "<prosody>" in error["message"]


@pytest.mark.parametrize(("body", "way"), WAYS)
async def test_text_is_read_as_a_person_would(
    http: httpx.AsyncClient, models: FakeClient, body: Any, way: dict[str, Any]
) -> None:
    await spoken(http, body("**It costs** $3.50 at 14:30, e.g. on example.com", **way))
    assert " ".join(one.text for one in models.requests) == (
        "It costs three dollars and fifty cents at fourteen thirty, e.g. on example dot com"
    )


@pytest.mark.parametrize(("body", "way"), WAYS)
async def test_normalize_false_turns_it_off(
    http: httpx.AsyncClient, models: FakeClient, body: Any, way: dict[str, Any]
) -> None:
    await spoken(http, body("**It** costs $3.50", normalize=False, **way))
    assert [one.text for one in models.requests] == ["**It** costs $3.50"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": "openvoice_v2", "voice": "FR"}, "dix pour cent"),
        ({"model": "openvoice_v2", "voice": "EN-Newest"}, "ten percent"),
        ({"model": "piper-mute", "voice": None}, "ten percent"),
    ],
)
async def test_numbers_are_said_in_the_language_of_the_voice(
    http: httpx.AsyncClient, models: FakeClient, fields: dict[str, Any], said: str
) -> None:
    await spoken(http, openai_body("10 %", **fields))
    assert models.requests[0].text == said


async def test_a_language_is_spoken_by_a_voice_that_has_it(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    ssml = '<speak xml:lang="en-US">It is 5. <lang xml:lang="fr-FR">Il est 5 h.</lang></speak>'
    await spoken(http, openai_body(ssml, model="openvoice_v2", voice="EN-Newest"))
    assert [(one.text, one.language, one.voice) for one in models.requests] == [
        ("It is five.", "EN", "EN-Newest"),
        ("Il est cinq heures.", "FR", "FR"),
    ]


@pytest.mark.parametrize("body", [openai_body, hse_body])
@pytest.mark.parametrize(
    ("inner", "named"),
    [
        ('<lang xml:lang="fr">oui</lang>', "'fr'"),
        ('<voice name="amy">x</voice>', "<voice>"),
        ('<prosody pitch="high">x</prosody>', "pitch"),
        ('<prosody rate="10">x</prosody>', "rate"),
        ("a & b", "&amp;"),
        ('<break time="1s"/>', "no words"),
    ],
)
async def test_what_is_not_supported_is_refused_by_name_before_any_work(
    http: httpx.AsyncClient, models: FakeClient, body: Any, inner: str, named: str
) -> None:
    answer = await http.post(PATH, json=body(f"<speak>{inner}</speak>"))
    assert answer.status_code == 400
    error = answer.json().get("error", answer.json())
    assert named in error["message"]
    assert "input" in (error["param"] or error["message"])
    assert models.requests == []


@pytest.mark.parametrize("body", [openai_body, hse_body])
async def test_phonemes_reach_a_model_that_takes_them(
    http: httpx.AsyncClient, models: FakeClient, body: Any
) -> None:
    ssml = (
        '<speak>A <phoneme alphabet="ipa" ph="təˈmɑː.təʊ">tomato</phoneme>, 2 of them. '
        "A client's \ufff9own\ufffamarks\ufffb are none.</speak>"
    )
    answer = await http.post(PATH, json=body(ssml))
    assert "x-ignored-parameters" not in answer.headers
    sent = " ".join(str(getattr(one, "text", "")) for one in models.requests)
    assert [one for one in stretches(sent) if one.ipa] == [Stretch("tomato", "təˈmɑː.təʊ")]
    assert next(stretches(sent)) == Stretch("A ")


async def test_phonemes_are_ignored_and_named_where_the_model_takes_none(
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    ssml = '<speak>A <phoneme alphabet="ipa" ph="təˈmɑːtəʊ">tomato</phoneme>.</speak>'
    asked = openai_body(ssml, model="openvoice_v2", voice="EN-Newest")
    answer = await http.post(PATH, json=asked)
    assert answer.headers["x-ignored-parameters"] == "phoneme"
    assert [one.text for one in models.requests] == ["A tomato."]


async def test_a_request_is_as_long_as_it_was_sent(models: FakeClient) -> None:
    async with browser(make_app(models, max_text_chars=40)) as http:
        for text in ("9" * 40, "<speak>" + "9" * 25 + "</speak>"):
            assert (await http.post(PATH, json=openai_body(text))).status_code == 200
        answer = await http.post(PATH, json=openai_body("9" * 41))
    assert answer.json()["error"]["message"] == "input has 41 characters; the most is 40"
