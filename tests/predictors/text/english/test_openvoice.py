"""OpenVoice's English front end against the original, and text nobody trained on."""

import pytest
from frontend_goldens import goldens
from linear_time import assert_linear_time

from predictors.text.english.openvoice import english_to_ipa

_GOLDENS = [pair for pair in goldens("openvoice.cjke_cleaners2") if pair[0].startswith("[EN]")]


@pytest.mark.parametrize(("tagged", "cleaned"), _GOLDENS)
def test_ipa_equals_the_original(tagged: str, cleaned: str) -> None:
    ipa = english_to_ipa(tagged.replace("[EN]", ""))
    # The original then adds a full stop to a text without a final mark.
    assert ipa == (cleaned.removesuffix(".") if ipa[-1] not in "!?" else cleaned)


@pytest.mark.parametrize(
    ("text", "ipa"),
    [
        ("", ""),
        (" -- !? ", ""),
        ("“Hello”, (world)!", '"hɛˈloʊ", (wəɹɫd)!'),
        ("£5", "faɪv paʊnz"),
        ("Mrs. Chill", "ˈmɪsɪz tʃɪɫ"),
        ("he\x00llo😀", "hɛˈloʊ"),
        ("llll", "ɫlll*"),
    ],
)
def test_unusual_text(text: str, ipa: str) -> None:
    assert english_to_ipa(text) == ipa


@pytest.mark.parametrize("part", ["l", "hello ", "!", "a-", "'", "9", "é", "你"])
def test_100_000_characters_cost_linear_time(part: str) -> None:
    assert_linear_time(english_to_ipa, part, 100_000)
