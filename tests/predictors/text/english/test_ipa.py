"""English words as IPA: where the stress marks go."""

import pytest

from predictors.text.english.ipa import pronunciation_to_ipa, word_to_ipa


@pytest.mark.parametrize(
    ("word", "ipa"),
    [
        ("hello", "hɛˈloʊ"),  # the last of its pronunciations in alphabetical order
        ("world", "wərld"),  # one syllable: no mark
        ("nineteen", "ˈnaɪnˈtin"),
        ("about", "əˈbaʊt"),
        ("understand", "ˌəndərˈstænd"),  # s and t open the syllable together
        ("afraid", "əˈfreɪd"),
        ("create", "kriˈeɪt"),  # two vowels in a row are two syllables
        ("church", "ʧərʧ"),
        ("was", "wɑz"),  # CMU 0.7b; the newer edition would give wəz
        ("timezone", "ˈtaɪmˈzoʊn"),  # only in the newer edition
        ("zorgblatt", None),
        ("", None),
    ],
)
def test_words_are_spelled_as_the_voice_was_trained(word: str, ipa: str | None) -> None:
    assert word_to_ipa(word) == ipa


@pytest.mark.parametrize(
    ("phones", "ipa"),
    [
        ("AH0 R EH1 S T", "əˈrɛst"),
        ("S ER1 V IH0 S", "ˈsərvɪs"),
        ("HH AH0 R AO1 Z", "həˈrɔz"),
        ("D IH0 T ER1 M AH0 N", "dɪˈtərmən"),
    ],
)
def test_stress_marks_stand_at_the_start_of_the_syllable(phones: str, ipa: str) -> None:
    assert pronunciation_to_ipa(tuple(phones.split())) == ipa
