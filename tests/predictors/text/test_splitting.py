"""Cutting text into pieces against the originals, and what they got wrong."""

import pytest
from frontend_goldens import goldens
from linear_time import assert_linear_time

from predictors.text.openvoice import LANGUAGES
from predictors.text.splitting import (
    MELO_SPLITTERS,
    Splitter,
    split_by_length,
    split_characters,
    split_words,
)

_GOLDENS = [
    pytest.param(split, text, pieces, id=f"{name}-{number}")
    for name, split in (
        *((f"openvoice.split_{key}", one.split) for key, one in LANGUAGES.items()),
        *((f"melo.split_{key}", MELO_SPLITTERS[key]) for key in ("EN", "ZH")),
    )
    for number, (text, pieces) in enumerate(goldens(name))
]
_ALL = [split_words, split_characters, split_by_length]


@pytest.mark.parametrize(("split", "text", "pieces"), _GOLDENS)
def test_pieces_equal_the_original(split: Splitter, text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


def test_every_language_of_melo_has_a_rule() -> None:
    assert set(MELO_SPLITTERS) == set(goldens("melo.language_id_map"))


@pytest.mark.parametrize("split", _ALL)
@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_no_text_has_no_pieces(split: Splitter, text: str) -> None:
    assert split(text) == []


@pytest.mark.parametrize("split", _ALL)
@pytest.mark.parametrize("text", ["It is $3.50 or 1,200.", "What?! Well... yes."])
def test_figures_and_runs_of_marks_stay_whole(split: Splitter, text: str) -> None:
    assert " ".join(split(text)) == text


def test_pieces_of_marks_alone_are_dropped_where_length_decides() -> None:
    assert split_by_length("... !!! ,,,") == []


def test_a_short_last_piece_joins_the_one_before() -> None:
    eleven = "one two three four five six seven eight nine ten eleven."
    assert split_words(f"{eleven} Bye.") == [f"{eleven} Bye."]


def test_a_sentence_without_marks_is_cut_at_spaces() -> None:
    text = "word " * 300
    pieces = split_by_length(text)
    assert " ".join(pieces) == text.strip()
    assert all(256 <= len(piece) <= 512 for piece in pieces[:-1])


@pytest.mark.parametrize("split", _ALL)
@pytest.mark.parametrize(
    "part", ["a", "a,", ".", "1.", '"', "[", "word ", "你", "你。", "\n", "😀"]
)
def test_100_000_characters_become_short_pieces_in_linear_time(split: Splitter, part: str) -> None:
    assert_linear_time(split, part, 100_000)
    pieces = split(part * (100_000 // len(part)))
    if part != ".":  # a run of marks is one mark
        assert max(map(len, pieces), default=0) <= 1100
