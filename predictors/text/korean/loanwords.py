"""English words in Hangul, from their ARPAbet, by the Loanword Orthography (외래어 표기법, 3.1)."""

import re

from predictors.text.korean.hangul import SILENT_ONSET, Syllable

_VOWELS = {
    **{"AA": "ㅏ", "AE": "ㅐ", "AH": "ㅓ", "AO": "ㅗ", "AW": "ㅏㅜ", "AY": "ㅏㅣ", "EH": "ㅔ"},
    **{"ER": "ㅓ", "EY": "ㅔㅣ", "IH": "ㅣ", "IY": "ㅣ", "OW": "ㅗ", "OY": "ㅗㅣ", "UH": "ㅜ"},
    **{"UW": "ㅜ", "AWER": "ㅏㅝ"},
}
_SHORT_VOWELS = frozenset(("AE", "AH", "EH", "IH", "UH"))
_ONSETS = {
    **{"B": "ㅂ", "CH": "ㅊ", "D": "ㄷ", "DH": "ㄷ", "DZ": "ㅈ", "F": "ㅍ", "G": "ㄱ", "HH": "ㅎ"},
    **{"JH": "ㅈ", "K": "ㅋ", "L": "ㄹ", "M": "ㅁ", "N": "ㄴ", "P": "ㅍ", "R": "ㄹ", "S": "ㅅ"},
    **{"SH": "ㅅ", "T": "ㅌ", "TH": "ㅅ", "TS": "ㅊ", "V": "ㅂ", "Z": "ㅈ", "ZH": "ㅈ"},
}
_STOP_CODAS = {"P": "ㅂ", "T": "ㅅ", "K": "ㄱ"}
_SONORANT_CODAS = {"M": "ㅁ", "N": "ㄴ", "NG": "ㅇ", "L": "ㄹ"}
# What a consonant is propped up with where no vowel follows it.
_PROPS = {"SH": "ㅣ", "ZH": "ㅣ", "CH": "ㅣ", "JH": "ㅣ"}
_PROP = "ㅡ"
_GLIDES = {
    "W": {"ㅏ": "ㅘ", "ㅐ": "ㅙ", "ㅓ": "ㅝ", "ㅗ": "ㅝ", "ㅜ": "ㅜ", "ㅔ": "ㅞ", "ㅣ": "ㅟ"},
    "Y": {"ㅏ": "ㅑ", "ㅐ": "ㅒ", "ㅓ": "ㅕ", "ㅗ": "ㅛ", "ㅜ": "ㅠ", "ㅔ": "ㅖ", "ㅣ": "ㅣ"},
}
_MERGED = {"T S": "TS", "D Z": "DZ", "AW ER": "AWER"}
_FINAL_R = re.compile(" (IH|EH) R $")  # 이어, 에어
_BEFORE_W = frozenset(("G", "K", "HH"))  # 퀸, but 트윈


def loanword(arpabet: tuple[str, ...]) -> str:
    """Hangul of a word: S K UW1 L -> 스쿨."""
    return "".join(map(str, _Writer(_phones(arpabet)).write()))


def _phones(arpabet: tuple[str, ...]) -> list[str]:
    """Phones without stress, with those made one or two that Hangul writes so."""
    text = f" {' '.join(phone.rstrip('012') for phone in arpabet)} "
    for heard, written in _MERGED.items():
        text = text.replace(f" {heard} ", f" {written} ")
    return _FINAL_R.sub(r" \1 ER", text).split()


class _Writer:
    """Writes one word, phone by phone; `_onset` waits for its vowel."""

    def __init__(self, phones: list[str]) -> None:
        self._phones = phones
        self._syllables: list[Syllable] = []
        self._onset = SILENT_ONSET
        self._glide = ""

    def write(self) -> list[Syllable]:
        for i, phone in enumerate(self._phones):
            before = self._phones[i - 1] if i else ""
            after = self._phones[i + 1] if i + 1 < len(self._phones) else ""
            if phone in _VOWELS:
                self._write_vowel(phone, after)
            elif phone in _GLIDES:
                self._glide = phone
            else:
                self._write_consonant(phone, before, after)
        return self._syllables

    def _write_vowel(self, phone: str, after: str) -> None:
        vowels = _VOWELS[phone]
        first = vowels[0]
        self._open(_GLIDES[self._glide][first] if self._glide else first)
        for vowel in vowels[1:]:
            self._open(vowel)
        if phone == "ER" and after in _VOWELS:
            self._onset = _ONSETS["R"]

    def _write_consonant(self, phone: str, before: str, after: str) -> None:
        is_open = after in _VOWELS or after == "Y" or (after == "W" and phone in _BEFORE_W)
        if phone in _STOP_CODAS and not is_open and _closes_syllable(before, after):
            self._close(_STOP_CODAS[phone])
        elif phone == "L" and is_open and self._syllables and before not in ("M", "N"):
            self._close("ㄹ")
            self._onset = "ㄹ"
        elif phone in _SONORANT_CODAS and (phone == "NG" or not is_open):
            self._close(_SONORANT_CODAS[phone])
        elif phone == "R" and not is_open:
            pass  # not heard
        else:
            self._onset = _ONSETS[phone]
            self._prop_up(phone, after, is_open=is_open)

    def _prop_up(self, phone: str, after: str, *, is_open: bool) -> None:
        if phone == "SH" and after:
            if is_open:
                self._glide = "Y"  # 쇼, 셰
            else:
                self._open("ㅠ")
        elif not is_open:
            self._open(_PROPS.get(phone, _PROP))

    def _open(self, vowel: str) -> None:
        """Begin a syllable with what waits."""
        self._syllables.append(Syllable(self._onset, vowel))
        self._onset, self._glide = SILENT_ONSET, ""

    def _close(self, coda: str) -> None:
        """End the last syllable; prop the consonant up where there is none to end."""
        if self._syllables and not self._syllables[-1].coda:
            last = self._syllables[-1]
            self._syllables[-1] = Syllable(last.onset, last.vowel, coda)
        elif coda in "ㅁㄴㄹㅂㄱㅅ":
            self._onset = coda
            self._open(_PROP)


def _closes_syllable(before: str, after: str) -> bool:
    """A voiceless stop ends a syllable after a short vowel, but not before l, r, m and n."""
    return before in _SHORT_VOWELS and after not in ("L", "R", "M", "N", "W")
