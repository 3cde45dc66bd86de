"""IPA as people write it, as voices learnt it."""

import pytest

from predictors.text.ipa import spoken_ipa
from predictors.text.kokoro_ipa import kokoro_symbols


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("təˈmeɪ.toʊ", "təmˈeɪtoʊ"),
        ("ˌɪn.fɚˈmeɪ.ʃən", "ˌɪnfɚmˈeɪʃən"),
        ("/ˈstɹɪŋ/", "stɹˈɪŋ"),
        ("t͡ʃɛk", "tʃɛk"),
        ("bɔ̃.ˈʒuʁ", "bɔ̃ʒˈuʁ"),
        ("'gus", "ɡˈus"),
        ("fʁɑ̃.sɛ ça", "fʁɑ̃sɛ ça"),
    ],
)
def test_stress_stands_before_its_vowel_and_marks_of_syllables_go(
    written: str, spoken: str
) -> None:
    assert spoken_ipa(written) == spoken


@pytest.mark.parametrize(
    ("ipa", "letter", "symbols"),
    [
        ("təˈmeɪɾoʊ", "a", "təmˈAɾO"),
        ("təˈmɑːtəʊ", "b", "təmˈɑːtQ"),
        ("ˈdʒɔɪ faʊ tʃaɪ", "a", "ʤˈY fW ʧI"),
        ("ˈtsio dzeta", "i", "ʦˈio ʣeta"),
        ("ˈeɪ", "e", "ˈeɪ"),
    ],
)
def test_kokoro_has_one_letter_for_what_belongs_together(
    ipa: str, letter: str, symbols: str
) -> None:
    assert kokoro_symbols(ipa, letter) == symbols
