"""Languages in any usual spelling."""

from __future__ import annotations

import pytest

from contract.errors import InvalidRequest
from ingress.languages import NAMES, language_code, spoken_language

SPELLINGS = {
    "en": ["en", "EN", " en-US ", "en_GB", "eng", "English", "english", "en_US.UTF-8", "en-029"],
    "de": ["de", "DE", "deu", "ger", "de-AT", "de_CH", " German ", "Deutsch", "de-DE-1996", "gsw"],
    "no": ["no", "nb", "nb-NO", "nob", "nor", "no-NO", "norwegian", "norwegian bokmål"],
    "nn": ["nn", "nno", "nn-NO", "nynorsk"],
    "zh": ["zh", "zh-Hans-CN", "zh_TW", "zh-HK", "cmn", "cmn-Hans", "chi", "zho", "mandarin"],
    "yue": ["yue", "zh-yue", "cantonese"],
    "pt": ["pt", "pt_BR", "pt-PT", "por", "Brazilian Portuguese", "português"],
    "he": ["he", "iw", "heb", "he-IL"],
    "id": ["id", "in", "ind", "in_ID"],
    "yi": ["yi", "ji"],
    "jw": ["jw", "jv", "jav", "jv-ID", "javanese"],
    "tl": ["tl", "fil", "fil-PH", "tgl", "Filipino", "tagalog"],
    "ro": ["ro", "mo", "rum", "ron", "moldovan"],
    "sr": ["sr", "sr-Latn", "sh", "hbs", "scc"],
    "ar": ["ar", "arb", "ar-EG", "ary", "arz"],
    "fa": ["fa", "fas", "per", "pes", "farsi", "prs"],
    "ms": ["ms", "may", "msa", "zsm"],
    "th": ["th", "Thai", "tha"],
    "lo": ["lo", "Lao", "lao"],
    "es": ["es", "es-419", "castilian", "spa"],
    "ht": ["ht", "haitian creole", "hat"],
}


@pytest.mark.parametrize(
    ("spelled", "code"), [(one, code) for code, several in SPELLINGS.items() for one in several]
)
def test_spellings(spelled: str, code: str) -> None:
    assert language_code(spelled, param="language") == code


@pytest.mark.parametrize("code", NAMES)
def test_every_code_and_english_name_is_itself(code: str) -> None:
    assert language_code(code, param="language") == code
    assert language_code(NAMES[code], param="language") == code
    assert language_code(NAMES[code].upper(), param="language") == code


@pytest.mark.parametrize("word", ["auto", "AUTO", "auto-detect", "detect", "und", "mul", "multi"])
def test_words_for_detection(word: str) -> None:
    assert language_code(word, param="language") is None


@pytest.mark.parametrize(
    "word",
    [
        "",
        "d",
        "dede",
        "klingon",
        "xx",
        "x",
        "C",
        "en en",
        "eo",
        "kpe",
        "12",
        "e" * 5000,
        "a\x00b",
        "--",
        "🎉",
    ],
)
def test_other_languages_are_refused_with_those_that_work(word: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        language_code(word, param="language")
    assert refusal.value.param == "language"
    assert refusal.value.message.startswith("language '")
    assert all(f" {code}" in refusal.value.message for code in NAMES)


@pytest.mark.parametrize(
    ("spelled", "entry"),
    [
        *(("EN", "EN"), ("en", "EN"), ("en-GB", "EN"), ("English", "EN"), ("a", "EN")),
        *(("JP", "JP"), ("ja", "JP"), ("ja-JP", "JP"), ("japanese", "JP"), ("j", "JP")),
        *(("ko_KR", "KR"), ("kor", "KR"), ("cmn", "ZH"), ("z", "ZH"), ("es-MX", "ES")),
    ],
)
def test_languages_of_a_model_s_card(spelled: str, entry: str) -> None:
    offered = ["EN", "ES", "FR", "ZH", "JP", "KR"]
    assert spoken_language(spelled, offered, param="language", model="melo") == entry


def test_an_exact_entry_comes_before_its_language() -> None:
    offered = ["en-US", "en-GB"]
    assert spoken_language("en-gb", offered, param="language", model="m") == "en-GB"
    assert spoken_language("en", offered, param="language", model="m") == "en-US"


@pytest.mark.parametrize("offered", [["EN", "FR"], []])
def test_a_language_that_is_not_spoken_is_refused(offered: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="does not speak language 'de'"):
        spoken_language("de", offered, param="language", model="melo")
