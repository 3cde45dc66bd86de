"""A model whose voices speak several languages, and blends: the language follows the voice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fake_client import FakeClient
from ingress_app import browser, make_app

from contract.config import load_config
from contract.tasks import SynthesizeInput
from contract.voices import parse_blend
from ingress.selection import OPENAI_VOICES

ROOT = Path(__file__).parents[3]
CONFIG = (ROOT / "config.yml").read_text(encoding="utf-8")
PATH = "/v1/audio/speech"


@pytest_asyncio.fixture
async def page(models: FakeClient) -> AsyncIterator[httpx.AsyncClient]:
    async with browser(make_app(models, config=CONFIG)) as http:
        yield http


async def asked(http: httpx.AsyncClient, models: FakeClient, **body: Any) -> SynthesizeInput:
    answer = await http.post(PATH, json={"model": "tts-1-hd", "input": "Hello."} | body)
    assert answer.status_code == 200, answer.text
    request = models.requests[-1]
    assert isinstance(request, SynthesizeInput)
    return request


@pytest.mark.parametrize(
    ("voice", "language"),
    [
        *(("af_heart", "en-US"), ("bf_emma", "en-GB"), ("ef_dora", "es"), ("ff_siwis", "fr")),
        *(("hf_alpha", "hi"), ("if_sara", "it"), ("jf_alpha", "ja"), ("pm_alex", "pt-BR")),
        *(("zf_xiaobei", "zh"), ("alloy", "en-US")),
    ],
)
async def test_the_language_is_the_voice_s(
    page: httpx.AsyncClient, models: FakeClient, voice: str, language: str
) -> None:
    assert (await asked(page, models, voice=voice)).language == language


async def test_a_language_alone_chooses_a_voice_that_speaks_it(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    for language in ("French", "fr-CA", "f"):
        request = await asked(page, models, language=language)
        assert (request.language, request.voice) == ("fr", "ff_siwis")


async def test_every_openai_voice_is_another_voice(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    spoken = [(await asked(page, models, voice=voice)).voice for voice in OPENAI_VOICES]
    assert len(set(spoken)) == len(OPENAI_VOICES)


async def test_the_fast_model_speaks_with_its_one_voice_whatever_is_asked(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    for voice in OPENAI_VOICES:
        assert (await asked(page, models, model="piper-en", voice=voice)).voice in ("joe", "alloy")
    assert set(models.models) == {"piper-en"}


async def test_tts_1_is_fast_by_its_default_and_another_voice_for_every_other_name(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    spoken = [
        (await asked(page, models, model="tts-1", voice=voice)).voice for voice in OPENAI_VOICES
    ]
    assert len(set(spoken)) == len(OPENAI_VOICES)
    assert models.models == ["piper-en", *["kokoro"] * (len(OPENAI_VOICES) - 1)]


async def test_a_blend_travels_with_its_shares_in_the_language_of_its_first_voice(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    request = await asked(page, models, voice="bf_emma(3) + AF_SKY(1)")
    assert (request.language, request.voice) == ("en-GB", "bf_emma(0.7500)+af_sky(0.2500)")


async def test_sixteen_voices_make_a_blend_and_aliases_may_be_among_them(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    entries = load_config(ROOT / "config.yml").model_configs
    [kokoro] = [one for one in entries if one.name == "kokoro"]
    request = await asked(page, models, voice="+".join(["Alloy", *kokoro.voices[1:16]]))
    assert len(parse_blend(request.voice or "")) == 16
    assert (request.voice or "").startswith("af_alloy(")


@pytest.mark.parametrize("field", ["language", "lang_code"])
@pytest.mark.parametrize(
    ("voice", "asked_for", "language"),
    [
        *(("af_heart", "es", "es"), ("AF_heart", "f", "fr"), ("bf_emma", "en", "en-GB")),
        *(("bf_emma", "en-US", "en-US"), ("af_heart", "b", "en-GB"), ("ef_dora", "es", "es")),
        *(("af_bella+af_sky", "it", "it"), ("af_heart", "Spanish", "es")),
    ],
)
async def test_a_named_voice_speaks_the_language_that_is_asked_for(
    page: httpx.AsyncClient,
    models: FakeClient,
    field: str,
    voice: str,
    asked_for: str,
    language: str,
) -> None:
    request = await asked(page, models, voice=voice, **{field: asked_for})
    assert request.language == language
    assert (request.voice or "").lower()[:8] == voice.lower()[:8]


async def test_a_name_of_openai_s_is_a_voice_of_the_language_that_is_asked_for(
    page: httpx.AsyncClient, models: FakeClient
) -> None:
    request = await asked(page, models, voice="alloy", language="fr")
    assert (request.language, request.voice) == ("fr", "ff_siwis")


@pytest.mark.parametrize("voice", ["af_sky+nobody", "af_sky(0)+af_bella", "af_sky(2", "+"])
async def test_a_blend_that_cannot_be_is_refused_by_field(
    page: httpx.AsyncClient, voice: str
) -> None:
    answer = await page.post(PATH, json={"model": "tts-1-hd", "input": "Hello.", "voice": voice})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "voice"


async def test_a_model_that_cannot_blend_knows_no_such_voice(page: httpx.AsyncClient) -> None:
    body = {"model": "piper-en", "input": "Hello.", "voice": "joe+joe"}
    answer = await page.post(PATH, json=body)
    assert answer.status_code == 400
    assert "unknown to piper-en" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("voice", "spoken"),
    [
        *(("ef_dora", "ef_dora"), ("AF_bella", "af_bella"), ("echo", "am_echo")),
        ("af_bella(3)+nova(1)", "af_bella(0.7500)+af_nova(0.2500)"),
    ],
)
async def test_an_alias_gives_way_to_the_model_that_has_the_voice(
    page: httpx.AsyncClient, models: FakeClient, voice: str, spoken: str
) -> None:
    assert (await asked(page, models, model="tts-1", voice=voice)).voice == spoken
    assert models.models == ["kokoro"]


async def test_a_model_s_own_name_does_not_give_way_to_a_voice(page: httpx.AsyncClient) -> None:
    body = {"model": "piper-en", "input": "Hello.", "voice": "ef_dora"}
    answer = await page.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice")


async def test_hse_clients_see_the_voices_of_each_language(page: httpx.AsyncClient) -> None:
    listed = (await page.get("/v1/audio/speech/models")).json()["data"]
    [kokoro] = [one for one in listed if one["id"] == "kokoro"]
    voices = {one["language"]: [v["voice"] for v in one["voices"]] for one in kokoro["languages"]}
    assert voices["it"] == ["if_sara", "im_nicola"]
    entries = load_config(ROOT / "config.yml").model_configs
    [entry] = [one for one in entries if one.name == "kokoro"]
    assert sum(map(len, voices.values())) == len(entry.voices) == 54
