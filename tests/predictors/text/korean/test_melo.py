"""Korean sounds of MeloTTS."""

import unicodedata

import pytest
from linear_time import assert_linear_time
from melo_goldens import Spoken, goldens, melo_symbols, speak

from predictors.text.korean.hangul import take_apart
from predictors.text.korean.melo import normalize, pronounce
from predictors.text.korean.numbers import native_number, sino_number, spell_numbers
from predictors.text.melo_pieces import plain_pieces


def sound_of(word: str) -> str:
    """Phones put together to syllables, so that the tests can be read."""
    return unicodedata.normalize("NFC", "".join(pronounce(word, plain_pieces).phones))


@pytest.mark.parametrize(("text", "expected"), goldens("KR (no word pieces)"))
def test_korean_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, normalize, pronounce) == expected


@pytest.mark.parametrize(
    ("word", "sound"),
    [
        ("옷이", "오시"),  # 13 linking
        ("값이", "갑씨"),  # 14
        ("닭", "닥"),  # 11
        ("좋고", "조코"),  # 12
        ("않는", "안는"),
        ("뚫는", "뚤른"),
        ("싫어", "시러"),
        ("국화", "구콰"),
        ("같이", "가치"),  # 17
        ("닫혀", "다처"),
        ("국물", "궁물"),  # 18
        ("강릉", "강능"),  # 19
        ("독립", "동닙"),
        ("신라", "실라"),  # 20
        ("칼날", "칼랄"),
        ("국밥", "국빱"),  # 23
        ("신다", "신따"),  # 24, a verb
        ("신고", "신고"),  # a noun
        ("젊다", "점따"),
        ("읽고", "일꼬"),  # 11
        ("갈수록", "갈쑤록"),  # 27
        ("밟다", "밥따"),  # 10
        ("넓네", "널레"),
        ("희망", "히망"),  # 5
        ("가져", "가저"),
        ("디귿이", "디그시"),  # 16
        ("늦은", "느즌"),
        ("꽃잎", "꼰닙"),  # 29
        ("햇살", "해쌀"),  # 30
        ("갈등", "갈뜽"),  # 26
    ],
)
def test_standard_pronunciation(word: str, sound: str) -> None:
    assert sound_of(word) == sound


@pytest.mark.parametrize(
    ("word", "hangul"),
    [
        ("school", "스쿨"),
        ("game", "게임"),
        ("queen", "퀸"),
        ("twin", "트윈"),
        ("shrimp", "슈림프"),
        ("show", "쇼"),
        ("air", "에어"),
        ("our", "아워"),
        ("cats", "캐츠"),
        ("ktx", "케이티엑쓰"),
    ],
)
def test_english_words_are_said_in_hangul(word: str, hangul: str) -> None:
    assert sound_of(word) == hangul


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("3개", "세개"),
        ("6개월", "육개월"),
        ("20살", "스무살"),
        ("100명", "백명"),
        ("30분", "삼십분"),
        ("2023년", "이천이십삼년"),
        ("10월", "시월"),
        ("1번째", "첫번째"),
        ("010", "영일영"),
        ("3.14", "삼점일사"),
    ],
)
def test_numerals_and_their_units(text: str, spelled: str) -> None:
    assert spell_numbers(text) == spelled


@pytest.mark.parametrize(
    ("digits", "hangul"),
    [
        ("0", "영"),
        ("10000", "만"),
        ("10010000", "천일만"),
        ("100000000", "일억"),
        ("1" * 21, "일" * 21),
    ],
)
def test_whole_numbers_in_hangul(digits: str, hangul: str) -> None:
    assert sino_number(digits) == hangul


def test_native_numerals_end_at_ninety_nine() -> None:
    assert native_number("99") == "아흔아홉"
    assert native_number("100") == "백"
    assert native_number("0") == "영"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("", ""),
        ("\x00\x1b\u200b", ""),
        ("大韓民國 만세！", "만세!"),
        ("1+1 행사", "원플러스원 행사"),
        ("KOREA B", "코리아 비"),
        ("1,234원 50%", "1234원 50퍼센트"),
        ("3.5점", "삼점오점"),
    ],
)
def test_text_before_it_is_cut_into_pieces(text: str, clean: str) -> None:
    assert normalize(text) == clean


def test_signs_letters_of_other_scripts_and_emoji_have_no_sound() -> None:
    assert pronounce("😀 ★ Ж ㅋ", plain_pieces).phones == ()


def test_pieces_of_a_word_are_read_together() -> None:
    sounds = pronounce("", lambda _: ["국", "##물", "[UNK]"])
    assert unicodedata.normalize("NFC", "".join(sounds.phones)) == "궁물_"
    assert sounds.word2ph == (3, 3, 1)


def test_every_syllable_sounds_in_phones_of_the_symbol_table() -> None:
    codas = "".join(chr(0xAC00 + i) for i in range(28))
    phones = pronounce(" ".join(codas), plain_pieces).phones
    onsets = pronounce("".join(chr(0xAC00 + 588 * i) for i in range(19)), plain_pieces).phones
    assert set(phones) | set(onsets) <= set(melo_symbols())


def test_a_syllable_taken_apart_is_put_together_again() -> None:
    assert all(str(take_apart(chr(code))) == chr(code) for code in range(0xAC00, 0xD7A4))


def test_a_long_korean_text_takes_linear_time() -> None:
    def check(text: str) -> None:
        assert len(pronounce(text, plain_pieces).pieces) == max(1, text.count(" "))

    assert_linear_time(check, "반갑습니다 ", 30_000)
    assert_linear_time(check, "반갑습니다", 10_000)
