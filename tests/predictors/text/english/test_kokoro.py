"""English in the symbols that Kokoro's voices were trained on."""

import pytest

from predictors.text.english.kokoro import read_american


def symbols(text: str) -> str:
    return "".join(token.symbols for token in read_american(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello world", "həlˈO wˈɜɹld"),
        ("A little button.", "ɐ lˈɪTᵊl bˈʌtᵊn."),  # a flap, and two vowels that are hardly there
        ("wanted horses", "wˈɔntᵻd hˈɔɹsᵻz"),
        ("to go, to eat", "tə ɡˈO, tʊ ˈit"),
        ("the boy and the apple", "ðə bˈY ænd ði ˈæpᵊl"),
        ("What is it for?", "wˌʌt ɪz ɪt fˈɔɹ?"),  # stressed where the sentence stops
        ("NASA's API", "nˈæsᵻz ˌApˌiˈI"),  # a word, and letters
        ("two PDFs", "tˈu pˌidˌiˈɛfs"),
        ("It is 3:30 PM.", "ɪt ɪz θɹˈi θˈɜɹdˌi pˈi ˈɛm."),
        ("$2 café…", "tˈu dˈɑləɹz kəfˈA…"),
        ("Frobley's", "fɹˈɑbliz"),  # in no dictionary
    ],
)
def test_words_are_spelled_as_the_voices_were_trained(text: str, expected: str) -> None:
    assert symbols(text) == expected


def test_tokens_keep_the_words_apart_from_marks_and_spaces() -> None:
    tokens = [(token.text, token.symbols) for token in read_american("Hi, you!")]
    assert tokens == [("hi", "hˈI"), ("", ","), ("", " "), ("you", "ju"), ("", "!")]


@pytest.mark.parametrize("text", ["", "…", "你好", "\u200b", "@@@", "'", "-"])
def test_a_text_without_english_words_is_no_error(text: str) -> None:
    symbols(text)
