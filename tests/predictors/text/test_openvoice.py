"""OpenVoice's front end: text and language to ids of the checkpoint's symbols."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from frontend_goldens import goldens
from hypothesis import given, settings
from hypothesis import strategies as st

from predictors.text.errors import NoSpeakableText
from predictors.text.openvoice import LANGUAGES, clean, intersperse, text_to_ids

SYMBOLS: list[str] = goldens("openvoice.symbols")


def _symbols(ids: list[int]) -> str:
    return "".join(SYMBOLS[number] for number in ids[1::2])


@pytest.mark.parametrize(("tagged", "cleaned"), goldens("openvoice.cjke_cleaners2"))
def test_cleaning_equals_the_original(tagged: str, cleaned: str) -> None:
    assert clean(tagged) == cleaned


def test_both_languages_stand_in_one_tagged_text() -> None:
    assert clean("[EN]hello[EN][ZH]你好[ZH]") == "hɛˈloʊ ni↓↑xɑʊ↓↑."


def test_ids_are_positions_in_the_config_with_blanks_between() -> None:
    (ids,) = text_to_ids("Hello world, this is a test!", "EN", SYMBOLS)
    assert ids[::2] == [0] * (len(ids) // 2 + 1)
    assert _symbols(ids) == "hɛˈloʊ wəɹɫd, ðɪs ɪz ə tɛst!"


def test_intersperse_doubles_the_length_and_adds_one() -> None:
    assert intersperse([5, 6]) == [0, 5, 0, 6, 0]
    assert intersperse([]) == [0]


def test_symbols_come_from_the_config() -> None:
    (ids,) = text_to_ids("hi", "EN", ["_", "ɪ", "h", "a", "."])
    assert ids == [0, 2, 0, 3, 0, 1, 0, 4, 0]


def test_a_long_text_comes_in_pieces_of_its_own() -> None:
    text = "One two three four five six seven eight nine ten eleven. " * 2
    first, second = text_to_ids(text, "EN", SYMBOLS)
    assert first == second


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("helloWorld", "hɛˈloʊ wəɹɫd."),
        ("hello 😀", "hɛˈloʊ."),
        ("hello [ZH] world [EN]", "hɛˈloʊ zh* wəɹɫd ɛn."),
        ("Hello 你好", "hɛˈloʊ ni haʊ."),
    ],
)
def test_unusual_english(text: str, spoken: str) -> None:
    (ids,) = text_to_ids(text, "EN", SYMBOLS)
    assert _symbols(ids) == spoken


def test_tags_and_other_scripts_are_silent_in_chinese() -> None:
    (ids,) = text_to_ids("你好[ZH]Привет", "ZH", SYMBOLS)
    assert _symbols(ids) == "ni↓↑xɑʊ↓↑ ."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", " \n ", "...!?", "😀", "\x00\x1b", "( ) [ ]"])
def test_text_without_a_sound_is_refused_with_a_remedy(text: str, language: str) -> None:
    with pytest.raises(NoSpeakableText, match="text: nothing in it can be spoken"):
        text_to_ids(text, language, SYMBOLS)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=60))
def test_any_text_is_spoken_or_refused(language: str, text: str) -> None:
    try:
        pieces = text_to_ids(text, language, SYMBOLS)
    except NoSpeakableText:
        return
    assert all(0 <= number < len(SYMBOLS) for ids in pieces for number in ids)


def test_threads_get_the_same_answer() -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: text_to_ids("你好，世界！", "ZH", SYMBOLS), range(8)))
    assert all(answer == answers[0] for answer in answers)
