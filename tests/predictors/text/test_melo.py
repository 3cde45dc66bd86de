"""From text to the ids that MeloTTS eats, whatever the language."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from melo_goldens import melo_symbols

from predictors.text.errors import NoSpeakableText
from predictors.text.melo import LANGUAGES, intersperse, melo_input
from predictors.text.melo_pieces import distribute, group_pieces, plain_pieces
from predictors.text.optional_library import (
    MissingLibraryError,
    import_library,
    library_file,
)

SENTENCES = {
    "EN": "Hello world, this is a test!",
    "ES": "¡Hola mundo!",
    "SP": "¡Hola mundo!",
    "FR": "Bonjour, il est 8 heures.",
    "ZH": "你好，世界！",
    "ZH_MIX_EN": "我喜欢machine learning。",
    "JP": "こんにちは、世界！",
    "KR": "안녕하세요, 만나서 반갑습니다.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_ids_tones_languages_and_pieces_fit_each_other(language: str) -> None:
    symbols = melo_symbols()
    result = melo_input(SENTENCES[language], language, symbols)
    length = 2 * len(result.phones) + 1
    assert len(result.phone_ids) == len(result.tones) == len(result.language_ids) == length
    assert sum(result.word2ph) == length
    assert len(result.word2ph) == len(result.pieces) + 2
    assert [symbols[i] for i in result.phone_ids[1::2]] == list(result.phones)
    assert set(result.language_ids[1::2]) == {LANGUAGES[language].language_id}
    assert set(result.phone_ids[::2]) == set(result.tones[::2]) == {0}
    assert result.phones[0] == result.phones[-1] == "_"


def test_blanks_can_be_left_out() -> None:
    result = melo_input("你好", "ZH", melo_symbols(), add_blank=False)
    assert result.phones == ("_", "n", "i", "h", "ao", "_")
    assert result.tones == (0, 2, 2, 3, 3, 0)
    assert result.word2ph == (1, 2, 2, 1)


def test_tones_of_english_start_after_those_of_japanese() -> None:
    result = melo_input("hello", "en", melo_symbols())
    assert result.tones == (0, 7, 0, 7, 0, 8, 0, 7, 0, 9, 0, 7, 0)
    assert result.word2ph == (3, 8, 2)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", " \n", "\x00\x1b\u200b", "😀 🎉", "?!... -- …", "★ ∑√"])
def test_text_without_words_is_refused(language: str, text: str) -> None:
    with pytest.raises(NoSpeakableText, match=LANGUAGES[language].name):
        melo_input(text, language, melo_symbols())


def test_a_language_that_melo_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(ValueError, match="language: .*'DE'.*KR"):
        melo_input("Hallo", "DE", melo_symbols())


def test_a_phone_that_the_symbol_table_lacks_is_the_unknown_one() -> None:
    symbols = ["_", "UNK", "hh", "l", "ow"]
    result = melo_input("hello", "EN", symbols, add_blank=False)
    assert [symbols[i] for i in result.phone_ids] == ["_", "hh", "UNK", "l", "ow", "_"]


@pytest.mark.parametrize(
    ("phones", "pieces", "shares"),
    [(0, 2, (0, 0)), (1, 1, (1,)), (5, 2, (3, 2)), (7, 3, (3, 2, 2)), (2, 3, (1, 1, 0))],
)
def test_the_first_pieces_get_what_is_left_over(
    phones: int, pieces: int, shares: tuple[int, ...]
) -> None:
    assert distribute(phones, pieces) == shares


def test_pieces_that_continue_a_word_join_it() -> None:
    assert group_pieces(["##a", "b", "##c", "##d", "e"]) == [["##a"], ["b", "c", "d"], ["e"]]


def test_plain_pieces_are_words_and_marks() -> None:
    assert plain_pieces("don't stop_now, 23!") == ["don't", "stop", "_", "now", ",", "23", "!"]


def test_blanks_go_before_between_and_after() -> None:
    assert intersperse([5, 6]) == [0, 5, 0, 6, 0]
    assert intersperse([]) == [0]


def test_many_threads_can_read_at_once() -> None:
    symbols, start = melo_symbols(), threading.Barrier(len(SENTENCES))

    def read(language: str) -> tuple[int, ...]:
        start.wait(timeout=30)
        return melo_input(SENTENCES[language], language, symbols).phone_ids

    with ThreadPoolExecutor(max_workers=len(SENTENCES)) as pool:
        found = list(pool.map(read, SENTENCES))
    assert found == [melo_input(SENTENCES[name], name, symbols).phone_ids for name in SENTENCES]


def test_a_missing_library_names_the_extra_to_install() -> None:
    with pytest.raises(MissingLibraryError, match=r"'no-such'.*harmony-speech\[text\]"):
        import_library("no_such_module", "no-such")
    with pytest.raises(MissingLibraryError, match="no-such"):
        library_file("no_such_module", "x.npz", "no-such")
    with pytest.raises(MissingLibraryError, match="no-such"):
        library_file("numpy", "no-such-file.npz", "no-such")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "text", ["1" * 5_000, "12:3" * 1_000, "1," * 2_500, "東" * 500, "." * 5_000 + "a1"]
)
def test_text_that_nobody_says_takes_little_time(language: str, text: str) -> None:
    started = time.process_time()
    with contextlib.suppress(NoSpeakableText):  # English has none for 東
        melo_input(text, language, melo_symbols())
    assert time.process_time() - started < 10
