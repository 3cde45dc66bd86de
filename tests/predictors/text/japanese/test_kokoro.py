"""Japanese in the symbols that Kokoro's voices were trained on."""

import pytest

from predictors.text.japanese.kokoro import kana_symbols, read_japanese


def symbols(text: str) -> str:
    return "".join(token.symbols for token in read_japanese(text))


@pytest.mark.parametrize(
    ("kana", "expected"),
    [
        ("ニッポン", "ɲiʔpoɴ"),
        ("シンブン", "ɕimbɯɴ"),  # a nasal is said where the next sound is
        ("ゲンキ", "ɡeŋkʲi"),
        ("コンニチ", "koɲɲiʨi"),
        ("シャシンカ", "ɕaɕiŋka"),
        ("キョー", "kʲoː"),
        ("チュース", "ʨɨːsɨ"),
        ("ファイル", "ɸaiɾɯ"),
        ("パーティー", "paːtʲiː"),
        ("ウェブ", "βebɯ"),
        ("ヴァイオリン", "vaioɾʲiɴ"),
        ("", ""),
    ],
)
def test_kana_are_spelled_as_the_voices_were_trained(kana: str, expected: str) -> None:
    assert kana_symbols(kana) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今日は学校です。", "kʲoː βa ɡaʔkoːdesɨ."),  # the particle は is wa; endings join
        ("東京へ行きます！", "toːkʲoː e ikʲimasɨ!"),
        ("日本のコーヒー、二つ。", "ɲihoɴ no koːçiː,ɸɯtaʦɨ."),
        ("「はい」", "“hai”"),
    ],
)
def test_sentences_are_read_with_particles_and_long_vowels(text: str, expected: str) -> None:
    assert symbols(text) == expected


@pytest.mark.parametrize("text", ["", "…", "🙂", "ー", "ッ", "안녕", "\u200b"])
def test_what_has_no_reading_is_no_error(text: str) -> None:
    symbols(text)
