"""Standard Korean pronunciation: what letters do to each other where syllables meet.

Article numbers are those of the Standard Pronunciation Rules (표준 발음법) of the National
Institute of Korean Language.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from predictors.text.korean.hangul import SILENT_ONSET, Syllable, take_apart

# Articles 9-11: the seven sounds that a syllable can end in.
_FINAL_SOUND = {
    **dict.fromkeys("ㄱㄲㅋㄳㄺ", "ㄱ"),
    **dict.fromkeys("ㄷㅅㅆㅈㅊㅌㅎ", "ㄷ"),
    **dict.fromkeys("ㅂㅍㅄㄿ", "ㅂ"),
    **dict.fromkeys("ㄴㄵㄶ", "ㄴ"),
    **dict.fromkeys("ㄹㄼㄽㄾㅀ", "ㄹ"),
    **dict.fromkeys("ㅁㄻ", "ㅁ"),
    "ㅇ": "ㅇ",
}
# Article 14: before a vowel the second letter of a cluster begins the next syllable.
_CLUSTERS = {
    **{"ㄳ": ("ㄱ", "ㅆ"), "ㄵ": ("ㄴ", "ㅈ"), "ㄺ": ("ㄹ", "ㄱ"), "ㄻ": ("ㄹ", "ㅁ")},
    **{"ㄼ": ("ㄹ", "ㅂ"), "ㄽ": ("ㄹ", "ㅆ"), "ㄾ": ("ㄹ", "ㅌ"), "ㄿ": ("ㄹ", "ㅍ")},
    "ㅄ": ("ㅂ", "ㅆ"),
}
# Article 12: ㅎ vanishes and leaves its breath in the letter beside it.
_WITHOUT_H = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}
_BREATHED = {"ㄱ": "ㅋ", "ㄷ": "ㅌ", "ㅈ": "ㅊ", "ㅅ": "ㅆ"}
_BEFORE_H = {
    **dict.fromkeys("ㄱㄲㄳㅋ", ("", "ㅋ")),
    **dict.fromkeys("ㄷㅅㅆㅊㅌ", ("", "ㅌ")),
    **dict.fromkeys("ㅂㅍ", ("", "ㅍ")),
    **dict.fromkeys("ㅄㄿ", ("ㅂ", "ㅍ")),
    **{"ㅈ": ("", "ㅊ"), "ㄵ": ("ㄴ", "ㅊ"), "ㄺ": ("ㄹ", "ㅋ"), "ㄼ": ("ㄹ", "ㅍ")},
}
# Article 17: ㄷ and ㅌ before i become ㅈ and ㅊ.
_PALATALIZED = {
    ("ㄷ", "ㅇ"): ("", "ㅈ"),
    ("ㅌ", "ㅇ"): ("", "ㅊ"),
    ("ㄾ", "ㅇ"): ("ㄹ", "ㅊ"),
    ("ㄷ", "ㅎ"): ("", "ㅊ"),
}
_I_VOWELS = "ㅣㅕ"
# Articles 18-20: stops turn nasal before ㄴ and ㅁ, and ㄹ makes its neighbours like itself.
_NASAL = {"ㄱ": "ㅇ", "ㄷ": "ㄴ", "ㅂ": "ㅁ"}
# Articles 23-27: lax letters turn tense.
_TENSE = {"ㄱ": "ㄲ", "ㄷ": "ㄸ", "ㅂ": "ㅃ", "ㅅ": "ㅆ", "ㅈ": "ㅉ"}
_TENSING_CODAS = frozenset("ㄱㄲㅋㄳㄺㄷㅅㅆㅈㅊㅌㅂㅍㅄㄿㄵㄼㄽㄾ")
_TENSING_STEM_CODAS = frozenset("ㄴㅁㄻ")
_TENSED_AFTER_STEM = "ㄱㄷㅅㅈ"
_TENSED_AFTER_RIEUL = ("걸", "밖에", "세라", "수록", "지라도", "지언정", "진대")
# Article 16: the names of letters lose what is written at their end.
_LETTER_NAMES = {
    **{"디귿": "디긋", "지읒": "지읏", "치읓": "치읏", "키읔": "키윽", "티읕": "티읏"},
    **{"피읖": "피읍", "히읗": "히읏"},
}


def pronounce_syllables(word: str, stem_ends: Collection[int] = ()) -> list[Syllable]:
    """Syllables of a Hangul word as they sound: 먹는다 -> 멍는다.

    `stem_ends` are the places in `word` of syllables that end the stem of a verb or an adjective:
    the ending after them turns tense.
    """
    letters = [_ui(take_apart(character)) for character in _respell(word)]
    sounds: list[Syllable] = []
    onset = letters[0].onset if letters else ""
    for i, syllable in enumerate(letters):
        following = letters[i + 1] if i + 1 < len(letters) else None
        if following is None:
            coda, next_onset = _FINAL_SOUND.get(syllable.coda, ""), ""
        else:
            coda, next_onset = _meet(syllable, following, is_stem_end=i in stem_ends)
        if syllable.coda == "ㄹ" and word.startswith(_TENSED_AFTER_RIEUL, i + 1):
            next_onset = _TENSE.get(next_onset, next_onset)
        sounds.append(_jyeo(replace(syllable, onset=onset, coda=coda)))
        onset = next_onset
    return sounds


def _respell(word: str) -> str:
    for written, spoken in _LETTER_NAMES.items():
        word = word.replace(written, spoken)
    return word


def _ui(syllable: Syllable) -> Syllable:
    """Article 5.3: ㅢ after a consonant is ㅣ."""
    is_after_consonant = syllable.vowel == "ㅢ" and syllable.onset != SILENT_ONSET
    return replace(syllable, vowel="ㅣ") if is_after_consonant else syllable


def _jyeo(syllable: Syllable) -> Syllable:
    """Article 5.1: ㅕ after ㅈ, ㅉ and ㅊ is ㅓ."""
    is_jyeo = syllable.vowel == "ㅕ" and syllable.onset in "ㅈㅉㅊ"
    return replace(syllable, vowel="ㅓ") if is_jyeo else syllable


def _meet(syllable: Syllable, following: Syllable, *, is_stem_end: bool) -> tuple[str, str]:
    """The coda and the next onset that are heard."""
    coda, onset = syllable.coda, following.onset
    if not coda:
        return "", onset
    if following.vowel in _I_VOWELS and (coda, onset) in _PALATALIZED:
        return _PALATALIZED[coda, onset]
    if _is_balp(syllable, following):
        coda = "ㅂ"
    if onset == SILENT_ONSET:
        return _link(coda)
    if onset == "ㅎ":
        return _BEFORE_H.get(coda, (_WITHOUT_H.get(coda, _FINAL_SOUND[coda]), onset))
    if coda in _WITHOUT_H:
        return _after_h(coda, onset)
    if is_stem_end and coda == "ㄺ" and onset == "ㄱ":
        return "ㄹ", "ㄲ"
    is_tensed = coda in _TENSING_CODAS or (
        is_stem_end and coda in _TENSING_STEM_CODAS and onset in _TENSED_AFTER_STEM
    )
    return _assimilate(_FINAL_SOUND[coda], _TENSE.get(onset, onset) if is_tensed else onset)


def _is_balp(syllable: Syllable, following: Syllable) -> bool:
    """Article 10: ㄼ is ㅂ, not ㄹ, in 밟다 and in 넓죽하다, 넓둥글다."""
    if syllable.coda != "ㄼ" or following.onset in "ㅇㅎ":
        return False
    is_neolp = following.onset in "ㅈㄷ" and following.vowel == "ㅜ"
    start = syllable.onset + syllable.vowel
    return start == "ㅂㅏ" or (start == "ㄴㅓ" and is_neolp)


def _link(coda: str) -> tuple[str, str]:
    """Article 13: a coda moves into the empty onset of the next syllable."""
    if coda == "ㅇ":
        return coda, SILENT_ONSET
    if coda in _CLUSTERS:
        return _CLUSTERS[coda]
    return "", _WITHOUT_H.get(coda, coda) or SILENT_ONSET


def _after_h(coda: str, onset: str) -> tuple[str, str]:
    rest = _WITHOUT_H[coda]
    if onset in _BREATHED:
        return rest, _BREATHED[onset]
    if onset == "ㄴ":
        return _assimilate(rest or "ㄴ", onset)
    return _assimilate(rest, onset) if rest else ("", onset)


def _assimilate(coda: str, onset: str) -> tuple[str, str]:
    if onset in "ㄴㅁ":
        if coda == "ㄹ" and onset == "ㄴ":
            return "ㄹ", "ㄹ"
        return _NASAL.get(coda, coda), onset
    if onset == "ㄹ" and coda:
        return ("ㄹ", "ㄹ") if coda in "ㄴㄹ" else (_NASAL.get(coda, coda), "ㄴ")
    return coda, onset


def to_jamo(syllables: Sequence[Syllable]) -> list[str]:
    """Conjoining letters, the phones of the Korean voice."""
    return [letter for syllable in syllables for letter in syllable.jamo]
