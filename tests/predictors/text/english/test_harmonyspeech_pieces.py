"""Long texts are cut where a reader would breathe; nothing of them is lost."""

import pytest

from predictors.text.english.harmonyspeech import SYMBOLS, text_to_ids
from predictors.text.english.harmonyspeech_pieces import MAX_PIECE_CHARACTERS, text_to_pieces
from predictors.text.errors import NoSpeakableText

SENTENCE = "Ask not what your country can do for you, ask what you can do for your country. "


def read(pieces: list[list[int]]) -> list[str]:
    """The pieces as text, without the end symbol that closes each."""
    assert all(piece[-1] == SYMBOLS.index("~") for piece in pieces)
    return ["".join(SYMBOLS[number] for number in piece[:-1]) for piece in pieces]


@pytest.mark.parametrize("text", ["Hello, World!", SENTENCE * 4, "Dr. Smith paid $3.50."])
def test_a_text_that_fits_is_one_piece_as_in_the_original(text: str) -> None:
    assert text_to_pieces(text) == [text_to_ids(text)]


@pytest.mark.parametrize(
    ("text", "ending"),
    [(SENTENCE * 9, "."), ("one, two " * 100, ","), ("word " * 200, "word"), ("x" * 900, "x")],
    ids=["sentences", "clauses", "words", "letters"],
)
def test_a_long_text_is_cut_at_the_best_place_there_is(text: str, ending: str) -> None:
    pieces = read(text_to_pieces(text))
    assert len(pieces) > 1
    assert all(len(piece) <= MAX_PIECE_CHARACTERS for piece in pieces)
    assert all(piece.endswith(ending) for piece in pieces[:-1])
    assert "".join(pieces).replace(" ", "") == text.lower().replace(" ", "")


def test_pieces_without_a_letter_are_left_out() -> None:
    pieces = read(text_to_pieces(SENTENCE * 4 + ". " * 300 + "The end."))
    assert all(any(letter.isalpha() for letter in piece) for piece in pieces)
    assert pieces[-1].endswith("the end.")


@pytest.mark.parametrize("text", ["...", "\N{SLIGHTLY SMILING FACE}", "? " * 500])
def test_a_text_without_a_letter_is_refused(text: str) -> None:
    with pytest.raises(NoSpeakableText, match="English"):
        text_to_pieces(text)
