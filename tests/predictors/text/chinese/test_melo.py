"""Mandarin sounds of MeloTTS, pure and mixed with English."""

import cn2an
import pytest
from linear_time import assert_linear_time
from melo_goldens import Spoken, goldens, melo_symbols, speak

from predictors.text.chinese import melo as melo_zh
from predictors.text.chinese import melo_mixed as melo_zh_mix_en
from predictors.text.chinese.numbers import mandarin_number, spell_numbers
from predictors.text.chinese.syllables import syllable_phones
from predictors.text.melo_pieces import plain_pieces


def tones_of(text: str) -> str:
    """One digit per character."""
    sounds = melo_zh.pronounce(text, plain_pieces)
    assert set(sounds.word2ph) == {2}
    return "".join(map(str, sounds.tones[::2]))


@pytest.mark.parametrize(("text", "expected"), goldens("ZH"))
def test_chinese_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, melo_zh.normalize, melo_zh.pronounce) == expected


@pytest.mark.parametrize(("text", "expected"), goldens("ZH_MIX_EN (no word pieces)"))
def test_mixed_text_sounds_as_the_original_front_end(text: str, expected: Spoken) -> None:
    assert speak(text, melo_zh_mix_en.normalize, melo_zh_mix_en.pronounce) == expected


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("不怕", "24"),
        ("不好", "43"),
        ("看不懂", "453"),
        ("一天", "41"),
        ("一段", "24"),
        ("看一看", "454"),
        ("第一", "41"),
        ("三个", "15"),
        ("朋友", "25"),
        ("商量商量", "1515"),
        ("桌子", "15"),
        ("人人", "22"),
        ("我们", "35"),
        ("家里", "15"),
        ("起来", "35"),
        ("好吧", "35"),
        ("老虎", "23"),
        ("展览馆", "223"),
        ("纸老虎", "323"),
        ("好喜欢", "235"),
        ("花儿", "12"),
    ],
)
def test_tone_sandhi(text: str, tones: str) -> None:
    assert tones_of(text) == tones


@pytest.mark.parametrize(
    ("initial", "final", "phones"),
    [
        ("zh", "i", "zh ir"),
        ("s", "i", "s i0"),
        ("b", "i", "b i"),
        ("j", "v", "j v"),
        ("q", "van", "q van"),
        ("l", "ve", "l ve"),
        ("g", "uei", "g ui"),
        ("l", "iou", "l iu"),
        ("d", "uen", "d un"),
        ("", "uen", "w en"),
        ("", "ian", "y En"),
        ("", "er", "EE er"),
        ("", "v", "y v"),
    ],
)
def test_syllables_are_spelled_with_two_phones(initial: str, final: str, phones: str) -> None:
    assert syllable_phones(initial, final) == tuple(phones.split())


def test_an_interjection_without_a_vowel_is_the_unknown_phone() -> None:
    assert syllable_phones("", "ng") is None
    assert syllable_phones("m", "") is None
    assert melo_zh.pronounce("呣", plain_pieces).phones == ("UNK",)


@pytest.mark.parametrize(
    "number",
    [0, 1, 10, 11, 20, 100, 101, 110, 1001, 1010, 2023, 10_000, 10_010, 100_000, 100_001, 120_034]
    + [1_000_000, 1_000_001, 100_000_000, 100_010_000, 1_234_567_890, 5_000_000_004],
)
def test_whole_numbers_are_read_as_by_cn2an(number: int) -> None:
    assert mandarin_number(str(number)) == cn2an.an2cn(number)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("3.5%", "百分之三点五"),
        ("1,234元", "一千二百三十四元"),
        ("1" * 20, "一" * 20),
        ("007", "七"),
    ],
)
def test_numerals_in_text(text: str, spelled: str) -> None:
    assert spell_numbers(text) == spelled


@pytest.mark.parametrize(
    ("text", "pure", "mixed"),
    [
        ("", "", ""),
        ("😀\x00\x1b", "", ""),
        ("。。。", "...", "..."),
        ("……", "…", "…"),
        ("“嗯”（好）", "'恩''好'", "'恩''好'"),
        ("iPhone手机", "手机", "i Phone手机"),
        ("ＡＢ１２", "十二", "AB十二"),
        ("你  好", "你好", "你 好"),
    ],
)
def test_only_characters_with_a_sound_are_left(text: str, pure: str, mixed: str) -> None:
    assert melo_zh.normalize(text) == pure
    assert melo_zh_mix_en.normalize(text) == mixed


def test_english_words_take_the_pieces_of_the_tokenizer() -> None:
    sounds = melo_zh_mix_en.pronounce("用shopping。", lambda _: ["shop", "##ping"])
    assert sounds.pieces == ("用", "shop", "ping", "。")
    assert sounds.word2ph == (2, 3, 2, 0)


def test_characters_all_over_the_basic_block_have_phones_of_the_symbol_table() -> None:
    text = "".join(map(chr, range(0x4E00, 0x9FA6, 11)))
    sounds = melo_zh.pronounce(text, plain_pieces)
    assert len(sounds.pieces) == len(text)
    assert set(sounds.phones) <= set(melo_symbols())


def test_a_long_chinese_text_takes_linear_time() -> None:
    def check(text: str) -> None:
        spoken = melo_zh_mix_en.pronounce(melo_zh_mix_en.normalize(text), plain_pieces)
        assert len(spoken.pieces) == len(text) // 16 * 15

    assert_linear_time(check, "我不怕，一天看一看AI第1个人。", 16_000)
