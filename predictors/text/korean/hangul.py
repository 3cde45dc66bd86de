"""Hangul syllables taken apart into letters and put together again (Unicode 3.12)."""

from dataclasses import dataclass

ONSETS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
SILENT_ONSET = "ㅇ"

_FIRST, _LAST = "가", "힣"
_CODA_ROWS = len(CODAS) + 1  # a syllable may end in its vowel


@dataclass(frozen=True)
class Syllable:
    """One syllable in compatibility letters; `coda` is "" when it ends in its vowel."""

    onset: str
    vowel: str
    coda: str = ""

    def __str__(self) -> str:
        """The composed character."""
        row = ONSETS.index(self.onset) * len(VOWELS) + VOWELS.index(self.vowel)
        return chr(
            ord(_FIRST) + row * _CODA_ROWS + (CODAS.index(self.coda) + 1 if self.coda else 0)
        )

    @property
    def jamo(self) -> tuple[str, ...]:
        """Two or three conjoining letters, which tell onsets and codas apart."""
        onset = chr(0x1100 + ONSETS.index(self.onset))
        vowel = chr(0x1161 + VOWELS.index(self.vowel))
        coda = (chr(0x11A8 + CODAS.index(self.coda)),) if self.coda else ()
        return (onset, vowel, *coda)


def is_syllable(character: str) -> bool:
    return _FIRST <= character <= _LAST


def take_apart(character: str) -> Syllable:
    """Letters of a composed syllable: 값 -> ㄱ ㅏ ㅄ."""
    row, coda = divmod(ord(character) - ord(_FIRST), _CODA_ROWS)
    onset, vowel = divmod(row, len(VOWELS))
    return Syllable(ONSETS[onset], VOWELS[vowel], CODAS[coda - 1] if coda else "")
