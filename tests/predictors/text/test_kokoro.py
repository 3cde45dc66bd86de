"""Kokoro's front end: sentences, pieces that fit the network, languages by letter and by tag."""

import pytest

from predictors.text.errors import NoSpeakableText, UnknownPhonemes
from predictors.text.kokoro import (
    LANGUAGES,
    MAX_SYMBOLS,
    ids_of,
    letters_of,
    read_stretches,
)

pytest.importorskip("espeakng_loader")


def spoken(text: str, letter: str) -> list[list[str]]:
    return [
        ["".join(token.symbols for token in piece) for piece in sentence]
        for sentence in read_stretches([(text, "")], letter)
    ]


def test_a_sentence_ends_behind_its_closing_quote_and_before_the_next_opening_one() -> None:
    found = spoken("“Yes.” (No?) Go!", "a")
    assert found == [["“jˈɛs.”"], ["(nˈO?)"], ["ɡˈO!"]]


def test_ids_are_those_of_the_published_vocabulary() -> None:
    [[piece]] = read_stretches([("Hi!", "")], "a")
    assert ids_of(piece) == (50, 156, 25, 5)


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    [pieces] = spoken("the quick brown fox jumps, " * 40, "a")
    assert len(pieces) > 1
    assert all(len(piece) <= MAX_SYMBOLS for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)


def test_a_long_text_without_any_place_to_cut_still_fits() -> None:
    [pieces] = spoken("b" * 3000 + " " + "x-" * 900, "e")
    assert all(0 < len(piece) <= MAX_SYMBOLS for piece in pieces)


@pytest.mark.parametrize("text", ["…!?", "“”", "🙂", "—"])
def test_a_text_without_words_is_refused_with_the_language(text: str) -> None:
    with pytest.raises(NoSpeakableText, match="one word in English"):
        read_stretches([(text, "")], "a")


@pytest.mark.parametrize(
    ("text", "letter", "expected"),
    [
        ("Buenos días.", "e", "bwˈenos ðˈias."),
        ("¿Qué? ¡Sí!", "e", "kˈe?"),
        ("Bonjour madame, ça va ?", "f", "bɔ̃ʒˈuʁ madˈam, sa vˈa ?"),
        ("Ciao, mezzo!", "i", "ʧˈao, mˈɛʣːo!"),
        ("Bom dia.", "p", "bˈoŋ ʤˈiæ."),
        ("नमस्ते।", "h", "nəmˈʌsteː."),
        ("The square, I'm afraid.", "b", "ðə skwˈɛː, Im əfɹˈAd."),
    ],
)
def test_languages_that_espeak_reads(text: str, letter: str, expected: str) -> None:
    assert spoken(text, letter)[0] == [expected]


@pytest.mark.parametrize(
    ("text", "letter"),
    [("le week-end", "f"), ("il Google", "i"), ("मेरा computer", "h"), ("a ≠ b", "e")],
)
def test_a_foreign_word_brings_no_sounds_but_its_own(text: str, letter: str) -> None:
    [[piece]] = spoken(text, letter)
    assert not set("()") & set(piece)


@pytest.mark.parametrize(
    ("text", "letter", "words"),
    [
        ("Tout le monde a ri.", "f", ["Tout le monde", "a", "ri"]),
        ("Il a 21 ans et 1234 euros", "f", ["Il", "a", "21", "ans", "et", "1234", "euros"]),
        ("Tengo 25 años", "e", ["Tengo", "25", "años"]),
        ("Bom dia, senhor", "p", ["Bom", "dia", "senhor"]),
    ],
)
def test_words_stay_apart_where_some_are_read_as_one_or_as_several(
    text: str, letter: str, words: list[str]
) -> None:
    [[piece]] = read_stretches([(text, "")], letter)
    assert [token.text for token in piece if token.text] == words


def test_a_word_is_said_by_its_pronunciation() -> None:
    text = [("I say ", ""), ("tomato", "təˈmɑːtəʊ"), (", ", ""), ("", "ˈtʃiː.əʊ"), (".", "")]

    def said(letter: str) -> list[list[str]]:
        sentences = read_stretches(text, letter)
        return [["".join(one.symbols for one in piece) for piece in pieces] for pieces in sentences]

    assert said("b") == [["I sˈA təmˈɑːtQ, ʧˈiːQ."]]
    assert said("a") == [["ˌI sˈA təmˈɑtO, ʧˈiO."]]


def test_a_pronunciation_with_a_letter_that_no_voice_knows_is_refused() -> None:
    with pytest.raises(UnknownPhonemes, match="'ʭ'"):
        read_stretches([("a", "ʭa")], "a")


def test_a_decimal_is_no_end_of_a_sentence() -> None:
    assert len(spoken("Cuesta 3.50 euros, o 1,5 más.", "e")) == 1


@pytest.mark.parametrize(
    ("language", "letters"),
    [
        *(("en", "ab"), ("EN", "ab"), ("en-GB", "b"), ("en_US", "a"), ("en-IN", "ab"), ("b", "b")),
        *(("pt-BR", "p"), ("fr-CA", "f"), ("de", ""), ("", ""), ("english", "")),
    ],
)
def test_languages_by_tag_and_by_letter(language: str, letters: str) -> None:
    assert letters_of(language) == letters
    assert set(letters) <= set(LANGUAGES)
