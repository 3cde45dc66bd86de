"""OpenAI's /v1/models, HSE's six listings, and the voices."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from fake_client import FakeClient
from ingress_app import CONFIG, browser, make_app

LISTINGS = {
    "/v1/audio/speech/models": [
        *("harmonyspeech", "piper", "piper-nameless", "piper-mute", "ov1-synthesizer-en"),
        *("openvoice_v1", "melo-en", "openvoice_v2", "melo-en-2", "melo-fr"),
    ],
    "/v1/audio/transcriptions/models": ["whisper"],
    "/v1/audio/vad/models": ["whisper", "silero-vad"],
    "/v1/embed/models": ["hs1-encoder", "harmonyspeech", "openvoice_v1", "openvoice_v2"],
    "/v1/voice/convert/models": [
        *("ov1-tone-converter", "openvoice_v1", "ov2-tone-converter", "openvoice_v2")
    ],
    "/v1/audio/convert/models": ["voicefixer"],
}
TOOLCHAINS = {"harmonyspeech", "openvoice_v1", "openvoice_v2", "voicefixer"}


async def listing(http: httpx.AsyncClient, path: str) -> dict[str, dict[str, Any]]:
    answer = (await http.get(path)).json()
    assert answer["object"] == "list"
    return {card["id"]: card for card in answer["data"]}


def languages(card: dict[str, Any]) -> dict[str, list[str]]:
    return {one["language"]: [v["voice"] for v in one["voices"]] for one in card["languages"]}


@pytest.mark.parametrize("path", LISTINGS)
async def test_each_listing_names_what_it_serves_in_file_order(  # L3
    http: httpx.AsyncClient, path: str
) -> None:
    assert list(await listing(http, path)) == LISTINGS[path]


@pytest.mark.parametrize("path", LISTINGS)
async def test_cards_have_every_field(http: httpx.AsyncClient, path: str) -> None:  # L1 L2
    for name, card in (await listing(http, path)).items():
        assert card["object"] == ("toolchain" if name in TOOLCHAINS else "model")
        assert (card["root"], card["parent"], type(card["created"])) == (name, None, int)
        assert card["owned_by"]
        for language in card["languages"]:
            assert all(voice["styles"] == [] for voice in language["voices"])


async def test_languages_and_voices(http: httpx.AsyncClient) -> None:
    cards = await listing(http, "/v1/audio/speech/models")
    assert languages(cards["piper"]) == {"EN": ["joe", "amy"]}
    assert languages(cards["piper-nameless"]) == {"default": ["one"]}  # L5
    assert languages(cards["piper-mute"]) == {}
    assert languages(cards["harmonyspeech"]) == {}
    assert languages(cards["openvoice_v2"]) == {"EN": ["EN-Newest"], "FR": ["FR"]}  # L6


async def test_modes_say_what_a_model_can_do(http: httpx.AsyncClient) -> None:
    cards = await listing(http, "/v1/audio/speech/models")
    assert cards["piper"]["modes"] == ["single_speaker_tts"]
    assert cards["openvoice_v1"]["modes"] == ["single_speaker_tts", "voice_cloning"]
    assert cards["harmonyspeech"]["modes"] == ["voice_cloning"]


@pytest.mark.parametrize(
    ("removed", "path", "gone"),
    [
        ("hs1-vocoder", "/v1/audio/speech/models", "harmonyspeech"),
        ("ov1-tone-converter", "/v1/audio/speech/models", "openvoice_v1"),
        ("ov2-tone-converter-encoder", "/v1/embed/models", "openvoice_v2"),
        ("voicefixer-vocoder", "/v1/audio/convert/models", "voicefixer"),
    ],
)
async def test_a_toolchain_without_a_needed_entry_disappears(  # L4
    models: FakeClient, removed: str, path: str, gone: str
) -> None:
    kept = [line for line in CONFIG.splitlines() if f"name: {removed}," not in line]
    assert len(kept) == len(CONFIG.splitlines()) - 1
    config = "\n".join(kept)
    async with browser(make_app(models, config=config)) as http:
        assert gone not in await listing(http, path)
    async with browser(make_app(models)) as http:
        assert gone in await listing(http, path)


async def test_every_advertised_voice_speaks(  # L7
    http: httpx.AsyncClient, models: FakeClient
) -> None:
    for name, card in (await listing(http, "/v1/audio/speech/models")).items():
        for language, voices in languages(card).items():
            for voice in voices:
                asked = {"model": name, "input": "Hi.", "mode": "single_speaker_tts"}
                spoken = await http.post(
                    "/v1/audio/speech", json=asked | {"language": language, "voice": voice}
                )
                assert spoken.status_code == 200, (name, language, voice)
                assert models.requests[-1].voice == voice


async def test_openai_models_hold_models_toolchains_and_aliases(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/v1/models")).json()
    names = [model["id"] for model in answer["data"]]
    assert len(names) == len(set(names))
    served = {name for names in LISTINGS.values() for name in names}
    assert served | {"tts-1", "my-voice", "whisper-1", "gpt-4o-mini-tts"} <= set(names)
    assert "voicefixer-restorer" not in names
    for model in answer["data"]:
        assert (await http.get(f"/v1/models/{model['id']}")).json() == model


async def test_openai_names_are_listed_only_if_somebody_answers(models: FakeClient) -> None:
    config = "model_configs: [{name: silero-vad, model: x, model_type: SileroVAD}]"
    async with browser(make_app(models, config=config)) as http:
        answer = (await http.get("/v1/models")).json()
        spoken = await http.post(
            "/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "Hi."}
        )
    assert [model["id"] for model in answer["data"]] == ["silero-vad"]
    assert spoken.status_code == 404


@pytest.mark.parametrize("name", ["nobody", "a/b", "%00", "..%2f..%2fetc"])
async def test_unknown_model_is_404_in_openai_s_shape(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/v1/models/{name}")
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_a_model_is_found_in_any_case(http: httpx.AsyncClient) -> None:
    assert (await http.get("/v1/models/Whisper-1")).json()["id"] == "whisper-1"


async def test_voices(http: httpx.AsyncClient) -> None:
    answer = (await http.get("/v1/audio/voices")).json()
    names = [voice["id"] for voice in answer["voices"]]
    assert {"joe", "amy", "narrator", "alloy", "EN-Newest"} <= set(names)
    assert all(voice["name"] == voice["id"] for voice in answer["voices"])
    assert json.dumps(names).count('"EN-Newest"') == 1


async def test_voices_as_bare_names(http: httpx.AsyncClient) -> None:
    """Kokoro-FastAPI's `legacy`."""
    objects = (await http.get("/v1/audio/voices")).json()["voices"]
    for legacy in ("true", "1"):
        answer = (await http.get("/v1/audio/voices", params={"legacy": legacy})).json()
        assert answer == {"voices": [voice["id"] for voice in objects]}
    for legacy in ("false", ""):
        answer = (await http.get("/v1/audio/voices", params={"legacy": legacy})).json()
        assert answer["voices"] == objects


async def test_models_that_speak(http: httpx.AsyncClient, models: FakeClient) -> None:
    """Open WebUI asks for them, and then with one of them."""
    listed = (await http.get("/v1/audio/models")).json()["models"]
    assert {"piper", "openvoice_v2", "my-voice", "tts-1"} <= {model["id"] for model in listed}
    for model in listed:
        asked = {"model": model["id"], "input": "Hi.", "voice": "alloy"}
        if model["id"] != "harmonyspeech":  # it speaks in cloned voices only
            assert (await http.post("/v1/audio/speech", json=asked)).status_code == 200
    assert "whisper" not in models.models
