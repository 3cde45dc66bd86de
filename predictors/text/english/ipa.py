"""English words as IPA with stress marks, in the spelling that OpenVoice's base speaker knows.

That spelling is CMU phones mapped to IPA with a stress mark at the start of the stressed syllable.
Where a syllable starts is guessed from the phones by the rules below; the voice was trained on
those guesses, good or bad, so they are part of its alphabet.
"""

from predictors.text.english.cmu_dictionary import Pronunciation, pronunciations, read_entries
from predictors.text.load_once import load_once

_VOWELS = frozenset("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW".split())  # noqa: SIM905 (phones)
_STOPS = frozenset("B D G K P T".split())  # noqa: SIM905 (phones)
_SYLLABLE_EDGES = _VOWELS | frozenset("DH F M N NG S SH TH V W Z ZH".split())  # noqa: SIM905
_ONSET_CLUSTERS = frozenset({("S", "P"), ("S", "T"), ("S", "K"), ("F", "R"), ("F", "L")})
_TWO_SYLLABLES = frozenset(
    {
        ("ER", "EH"),
        ("ER", "IY"),
        ("IY", "AH"),
        ("IY", "EY"),
        ("IY", "OW"),
        ("UW", "EH"),
        ("UW", "OW"),
    }
)
_STRESS_MARKS = {"1": "ˈ", "2": "ˌ"}
# Phones that are not here are their own letter in lower case.
_IPA = {
    "AA": "ɑ",
    "AE": "æ",
    "AH": "ə",
    "AO": "ɔ",
    "AW": "aʊ",
    "AY": "aɪ",
    "CH": "ʧ",
    "DH": "ð",
    "EH": "ɛ",
    "ER": "ər",
    "EY": "eɪ",
    "HH": "h",
    "IH": "ɪ",
    "IY": "i",
    "JH": "ʤ",
    "NG": "ŋ",
    "OW": "oʊ",
    "OY": "ɔɪ",
    "SH": "ʃ",
    "TH": "θ",
    "UH": "ʊ",
    "UW": "u",
    "Y": "j",
    "ZH": "ʒ",
}
# The mark moves behind the first vowel letter, unless the word starts with it.
_MOVED_MARKS = (("ˈər", "əˈr"), ("ˈie", "iˈe"))


def word_to_ipa(word: str) -> str | None:
    """IPA of a lower-case word, or None when the dictionary does not know it.

    Of several pronunciations the last one in alphabetical order is taken: the order in the
    dictionary played no part in the voice's training text.
    """
    readings = _trained_readings().get(word) or pronunciations(word)
    return max(map(pronunciation_to_ipa, readings), default=None)


@load_once
def _trained_readings() -> dict[str, tuple[Pronunciation, ...]]:
    """Words whose reading in CMU 0.7b, which the voice learned, is not the newer edition's."""
    older = read_entries("cmudict-0.7b-readings.dict.gz")
    return {word: tuple(tuple(line.split()) for line in lines) for word, lines in older.items()}


def pronunciation_to_ipa(pronunciation: Pronunciation) -> str:
    """("HH", "EH0", "L", "OW1") -> "hɛˈloʊ"; words of one syllable carry no stress mark."""
    phones = [phone.rstrip("012") for phone in pronunciation]
    letters = [_IPA.get(phone, phone.lower()) for phone in phones]
    if _count_syllables(phones) > 1:
        for position, phone in enumerate(pronunciation):
            if phone[-1] in _STRESS_MARKS:
                start = _syllable_start(phones, position)
                letters[start] = _STRESS_MARKS[phone[-1]] + letters[start]
    ipa = "".join(letters)
    for at_vowel, behind_vowel in _MOVED_MARKS:
        if not ipa.startswith(at_vowel):
            ipa = ipa.replace(at_vowel, behind_vowel)
    return ipa


def _count_syllables(phones: list[str]) -> int:
    """Vowels, neighbours counting once unless the pair is known to be two syllables."""
    pairs = zip([None, *phones], phones, strict=False)
    return sum(
        phone in _VOWELS and (before not in _VOWELS or (before, phone) in _TWO_SYLLABLES)
        for before, phone in pairs
    )


def _syllable_start(phones: list[str], vowel: int) -> int:
    """Position of the first phone of the syllable around `vowel`."""
    if vowel == 0 or phones[vowel - 1] in _VOWELS:
        return vowel
    if phones[vowel - 1] in _SYLLABLE_EDGES:
        return vowel - 1
    for position in range(vowel - 2, -1, -1):
        pair = (phones[position], phones[position + 1])
        if pair[0] in _SYLLABLE_EDGES or pair[1] in _STOPS:
            return position if pair in _ONSET_CLUSTERS else position + 1
    return 0
