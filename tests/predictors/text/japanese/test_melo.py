"""Japanese readings and sounds of MeloTTS."""

import json
from pathlib import Path

import pytest
from linear_time import assert_linear_time
from melo_goldens import melo_symbols

from predictors.text.japanese.katakana import phones_of_katakana
from predictors.text.japanese.melo import normalize, pronounce
from predictors.text.japanese.numbers import kanji_number, spell_numbers
from predictors.text.melo_pieces import plain_pieces

GOLDENS = json.loads(
    (Path(__file__).parents[3] / "data" / "parity" / "frontend.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(("text", "katakana"), GOLDENS["melo.JP.normalize"])
def test_japanese_is_read_as_by_the_original_front_end(text: str, katakana: str) -> None:
    assert normalize(text) == katakana


@pytest.mark.parametrize(("katakana", "phones"), GOLDENS["melo.JP.kata2phoneme"])
def test_katakana_sounds_as_in_the_original_table(katakana: str, phones: list[str]) -> None:
    assert phones_of_katakana(katakana) == phones


@pytest.mark.parametrize(
    ("text", "katakana"),
    [
        ("", ""),
        ("。！？", ""),
        ("😀\x00\x1b", ""),
        ("hello", ""),
        ("ＡＩのｶﾀｶﾅ", "エーアイノカタカナ"),
        ("お母さんとお父さん", "オカアサントオトウサン"),
        ("明日は日本へ", "アシタハニホンヘ"),
        ("9時10分", "クジジュップン"),
        ("$5", "ゴドル"),
        ("ゔゝゞ々", "ヴ"),
    ],
)
def test_only_katakana_is_left(text: str, katakana: str) -> None:
    assert normalize(text) == katakana


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("1,234円", "千二百三十ヨエン"),
        ("¥1000", "千円"),
        ("3.14", "三点一四"),
        ("50%", "五十パーセント"),
        ("3本と6本と10本", "サンボンとロッポンとジュッポン"),
        ("21歳", "二十イッサイ"),
        ("4月1日", "シガツツイタチ"),
        ("1日間", "一日間"),
        ("1日に2回、2日で", "一日に二回、フツカで"),
        ("4時間", "ヨジ間"),
        ("2回", "二回"),
    ],
)
def test_numerals_and_their_counters(text: str, spelled: str) -> None:
    assert spell_numbers(text) == spelled


@pytest.mark.parametrize(
    ("digits", "kanji"),
    [
        ("0", "零"),
        ("000", "零"),
        ("10", "十"),
        ("2023", "二千二十三"),
        ("10000", "一万"),
        ("100000000", "一億"),
        ("1" + "0" * 20, "一" + "零" * 20),
    ],
)
def test_whole_numbers_in_kanji(digits: str, kanji: str) -> None:
    assert kanji_number(digits) == kanji


@pytest.mark.parametrize(
    ("katakana", "phones"),
    [
        ("カァ", "k a:"),
        ("アァ", "a a"),
        ("ウゥ", "u:"),
        ("ウィ", "w i"),
        ("ヴァ", "b a"),
        ("ヴ", "b u"),
        ("シェ", "sh e"),
        ("ヂャ", "j a"),
        ("ツァ", "ts a"),
        ("フュ", "hy u"),
        ("フゥ", "f u"),
        ("デュ", "dy u"),
        ("トゥ", "t u"),
        ("ヒャ", "hy a"),
        ("ヲ", "o"),
        ("ッ", "q"),
        ("A!", ""),
    ],
)
def test_rare_syllables(katakana: str, phones: str) -> None:
    assert phones_of_katakana(katakana) == phones.split()


def test_every_pair_of_katakana_sounds_in_phones_of_the_symbol_table() -> None:
    kana = [chr(code) for code in range(ord("ァ"), ord("ー") + 1)]
    phones = {phone for a in kana for b in kana for phone in phones_of_katakana(a + b)}
    assert phones <= set(melo_symbols())


def test_a_piece_the_tokenizer_does_not_know_is_a_pause() -> None:
    sounds = pronounce("", lambda _: ["コン", "##ニチ", "[UNK]", "ハ"])
    assert sounds.phones == ("k", "o", "N", "n", "i", "ch", "i", "_", "h", "a")
    assert sounds.word2ph == (4, 3, 1, 2)


def test_a_long_japanese_text_takes_linear_time() -> None:
    def check(text: str) -> None:
        assert len(pronounce(normalize(text), plain_pieces).phones) > len(text) // 6 * 10

    assert_linear_time(check, "世界で1本。", 30_000)
