"""IPA as people and dictionaries write it, in the order and the letters that voices learnt."""

from __future__ import annotations

import re
import unicodedata

_STRESS = "ˈˌ"
_VOWELS = "aeiouyæɑɒɐɔəɚɛɜɝɪʊʌɨʉɯøœɤɵɘɞʏɶᵻᵊAIOQWY"
_LATE_STRESS = re.compile(rf"([{_STRESS}])([^{_VOWELS}{_STRESS}\s]{{1,8}})(?=[{_VOWELS}])")
_SPELLINGS = str.maketrans(
    {
        **{"g": "ɡ", "'": "ˈ", "’": "ˈ", "ʼ": "ˈ", ":": "ː", "ɝ": "ɜɹ", "ɫ": "l"},
        **dict.fromkeys(".|‖‿͜͡ˑ/[]()", ""),
    }
)


def spoken_ipa(ipa: str) -> str:
    """Without ties, syllable marks and brackets; a stress mark stands before its vowel, where
    espeak-ng and misaki write it, not before the consonants of its syllable."""
    plain = unicodedata.normalize("NFD", ipa).translate(_SPELLINGS)
    plain = unicodedata.normalize("NFC", plain).replace("ç", "ç")
    return _LATE_STRESS.sub(r"\2\1", " ".join(plain.split()))
