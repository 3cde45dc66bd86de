"""KittenTTS's front end, against what the original makes of the same chunks."""

import json
from pathlib import Path
from typing import Any

import pytest

from predictors.text.errors import NoSpeakableText
from predictors.text.kitten import MAX_CHARACTERS, chunk_ids, read_chunks

pytest.importorskip("espeakng_loader")
GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "data/parity/kittentts_frontend.json").read_text(encoding="utf-8")
)
CHUNKS = [chunk for example in GOLDEN["examples"] for chunk in example["chunks"]]


@pytest.mark.parametrize("golden", CHUNKS, ids=[chunk["chunk"] for chunk in CHUNKS])
def test_chunks_are_spelled_as_by_the_original(golden: dict[str, Any]) -> None:
    assert list(chunk_ids(golden["chunk"])) == golden["ids"]


def test_a_chunk_s_style_is_that_of_its_length() -> None:
    [chunk] = read_chunks("Hello world, this is a test.")
    [golden] = GOLDEN["examples"][0]["chunks"]
    assert (chunk.text, chunk.row) == (golden["chunk"], golden["style_row"])


def test_titles_and_figures_end_no_sentence() -> None:
    texts = [chunk.text for chunk in read_chunks("Dr. Smith paid $3.50. Why? Nobody knows!")]
    assert texts == ["doctor smith paid three dollars fifty cents,", "why,", "nobody knows,"]


def test_long_sentences_are_cut_at_spaces_and_endless_words_anywhere() -> None:
    chunks = read_chunks("white horses ran " * 60 + "b" * 1000)
    assert all(len(chunk.text) <= MAX_CHARACTERS for chunk in chunks)
    assert max(chunk.row for chunk in chunks) < MAX_CHARACTERS
    assert "".join(chunk.text for chunk in chunks).count("horses") == 60


@pytest.mark.parametrize("text", ["", "…", "?!", "🙂"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(NoSpeakableText, match="English"):
        read_chunks(text)
