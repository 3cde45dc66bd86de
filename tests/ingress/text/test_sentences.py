"""Text cut into pieces: nothing is lost, nothing unspeakable is sent, nothing is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.text.sentences import MAX_PIECE_CHARS, PACKED_CHARS, packed, split


@pytest.mark.parametrize(
    ("language", "text", "pieces"),
    [
        ("EN", "Dr. Smith paid $3.50. Why?", ["Dr. Smith paid $3.50.", "Why?"]),
        ("ZH", "你好。今天天气很好！", ["你好。", "今天天气很好！"]),
        ("JP", "こんにちは。元気ですか？", ["こんにちは。", "元気ですか？"]),
        ("FR", "Bonjour M. Dupont. Ça va ?", ["Bonjour M. Dupont.", "Ça va ?"]),
        ("XX", "One. Two.", ["One.", "Two."]),
        (None, "One.\n\n... \n\nTwo.", ["One.", "Two."]),
    ],
)
def test_sentences_by_language(language: str | None, text: str, pieces: list[str]) -> None:
    assert split(text, language) == pieces


def test_long_sentences_are_cut_at_clauses_then_spaces_then_anywhere() -> None:
    clauses = split("some words in a clause, " * 40, "EN")
    assert all(piece.endswith(",") for piece in clauses)
    words = split("words " * 200, "EN")
    assert {word for piece in words for word in piece.split()} == {"words"}
    assert [len(piece) for piece in split("x" * 900, "EN")] == [400, 400, 100]


@given(st.text(max_size=2000), st.sampled_from(["EN", "ZH", "JP", "KR", None]))
def test_every_letter_is_spoken_once(text: str, language: str | None) -> None:
    pieces = split(text, language)
    assert all(len(piece) <= MAX_PIECE_CHARS for piece in pieces)
    assert _letters("".join(pieces)) == _letters(text)
    assert _letters("".join(packed(pieces))) == _letters(text)


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def test_packing_joins_neighbours_up_to_a_limit() -> None:
    joined = packed([f"Sentence number {number} is here." for number in range(100)])
    assert all(len(piece) <= PACKED_CHARS for piece in joined)
    assert len(joined) == 3
    assert packed([]) == []
