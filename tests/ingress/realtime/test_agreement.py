"""What is certain of a turn that is still being spoken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingress.realtime.agreement import Agreement, words_of

_TEXTS = st.text(st.sampled_from("ab, .你ก\n"), max_size=30)


def certain(*passes: str) -> list[str]:
    agreement = Agreement()
    return [agreement.add(words_of(one)) for one in passes]


def test_two_passes_must_agree() -> None:
    assert certain("ask", "ask not", "ask not what", "ask not what your") == [
        *("", "ask", " not", " what"),
    ]


def test_a_word_that_changes_is_held_back_and_all_behind_it() -> None:
    assert certain("I scream for ice", "ice cream for ice", "ice cream for ice") == [
        *("", "", "ice cream for ice"),
    ]


def test_case_and_punctuation_are_no_disagreement() -> None:
    assert certain("ask not what", "Ask not, what") == ["", "Ask not, what"]


def test_what_was_sent_is_not_sent_again_when_it_changes() -> None:
    agreement = Agreement()
    for one in ("ask not", "ask not", "asked nothing at"):
        agreement.add(words_of(one))
    assert agreement.rest(words_of("asked nothing at all")) == ""
    assert agreement.rest(words_of("ask not what")) == " what"


def test_scripts_without_spaces_are_sent_character_by_character() -> None:
    assert certain("你好吗", "你好嘛") == ["", "你好"]


def test_a_window_that_moves_on_forgets_its_beginning() -> None:
    agreement = Agreement()
    for one in ("one two three", "one two three four"):
        agreement.add(words_of(one))
    agreement.forget(2)
    assert agreement.count == 1
    assert agreement.add(words_of("three four five")) == " four"


@given(_TEXTS)
def test_words_join_to_their_text(text: str) -> None:
    assert "".join(words_of(text)).strip() == text.strip()


@given(_TEXTS, st.lists(st.integers(0, 30), max_size=6))
def test_deltas_of_a_growing_text_join_to_it(text: str, lengths: list[int]) -> None:
    words = words_of(text)
    agreement = Agreement()
    sent = "".join(agreement.add(words[:length]) for length in sorted(lengths))
    assert "".join(words).startswith(sent)
    assert sent + agreement.rest(words) == "".join(words)


@given(st.lists(_TEXTS, max_size=6), _TEXTS)
def test_passes_that_contradict_each_other_take_nothing_back(passes: list[str], last: str) -> None:
    agreement = Agreement()
    for number, one in enumerate(passes):
        before = agreement.count
        fresh = agreement.add(words_of(one))
        assert agreement.count >= before
        assert (agreement.count > before) == bool(fresh)
        assert number or not fresh
    assert agreement.rest(words_of(last)) in last
