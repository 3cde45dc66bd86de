"""Mandarin in the symbols that Kokoro's voices were trained on."""

import pytest

from predictors.text.chinese.kokoro import read_mandarin


def symbols(text: str) -> str:
    return "".join(token.symbols for token in read_mandarin(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好。", "ni↗xau↓."),  # a third tone before another rises
        ("中国", "ꭧʊ→ŋkwo↗"),
        ("是四", "ʂɨ↘ sɨ↘"),  # buzzed vowels
        ("去女儿家", "ʨʰy↘ ny↓ɚ↗ ʨja→"),
        ("六月", "ljou↘ɥe↘"),
        ("学校吗？", "ɕɥe↗ɕjau↘ ma?"),  # a neutral tone has no arrow
        ("圆形", "ɥɛ↗nɕi↗ŋ"),
        ("3个", "sa→nkɤ"),
        ("用API吧", "jʊ↘ŋ ˌApˌiˈI pa"),
    ],
)
def test_words_are_spelled_as_the_voices_were_trained(text: str, expected: str) -> None:
    assert symbols(text) == expected


@pytest.mark.parametrize("text", ["", "…", "🙂", "呣嗯", "ㄅ", "\u200b"])
def test_what_has_no_reading_is_no_error(text: str) -> None:
    symbols(text)
