"""OpenVoice's Mandarin front end against the original, and text nobody trained on."""

import pytest
from frontend_goldens import goldens
from linear_time import assert_linear_time

from predictors.text.chinese.openvoice import chinese_to_ipa

_GOLDENS = [pair for pair in goldens("openvoice.cjke_cleaners2") if pair[0].startswith("[ZH]")]


@pytest.mark.parametrize(("tagged", "cleaned"), _GOLDENS)
def test_ipa_equals_the_original(tagged: str, cleaned: str) -> None:
    ipa = chinese_to_ipa(tagged.replace("[ZH]", ""))
    # The original then adds a full stop to a text without a final mark.
    assert ipa == (cleaned.removesuffix(".") if ipa[-1] != "." else cleaned)


@pytest.mark.parametrize(
    ("text", "ipa"),
    [
        ("", ""),
        ("，！", ",!"),
        ("诗", "s`ɹ`→"),
        ("四", "sɹ↓"),
        ("３", "san→"),
        ("1.5", "i↓t⁼jɛn↓↑ u↓↑"),
        ("你\x00好\u200b", "ni↓↑xɑʊ↓↑"),
        ("bB", "p⁼i↓p⁼i↓"),
    ],
)
def test_unusual_text(text: str, ipa: str) -> None:
    assert chinese_to_ipa(text) == ipa


def test_a_number_without_a_name_is_read_digit_by_digit() -> None:
    assert chinese_to_ipa("2" * 17).count("əɹ`↓") == 17


@pytest.mark.parametrize("part", ["你", "我爱北京天安门。", "a", "9", "1.", "😀"])
def test_20_000_characters_cost_linear_time(part: str) -> None:
    chinese_to_ipa("你")  # load the dictionaries first
    assert_linear_time(chinese_to_ipa, part, 20_000)
