"""Words with a note how they are said, as a text carries them."""

import pytest

from contract.pronunciation import Stretch, annotated, stretches


def test_a_text_is_cut_where_a_pronunciation_begins_and_ends() -> None:
    text = f"I say {annotated('tomato', 'təˈmɑːtəʊ')}, you {annotated('', 'haɪ')}."
    assert list(stretches(text)) == [
        *(Stretch("I say "), Stretch("tomato", "təˈmɑːtəʊ"), Stretch(", you "), Stretch("", "haɪ")),
        Stretch("."),
    ]


@pytest.mark.parametrize(
    "text", ["plain", "\ufff9plain", "pl\ufffaain\ufffb", "\ufffb\ufff9\ufff9pl\ufffbain\ufffa"]
)
def test_marks_that_note_nothing_are_no_part_of_the_text(text: str) -> None:
    assert "".join(one.text for one in stretches(text)) == "plain"
    assert not any(one.ipa for one in stretches(text))


def test_a_note_cannot_end_itself() -> None:
    assert list(stretches(annotated("a\ufffbb", "c\ufffad"))) == [Stretch("ab", "cd")]
    assert list(stretches(annotated("word", " "))) == [Stretch("word")]
