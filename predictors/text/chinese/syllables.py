"""Mandarin syllables as the two phones that MeloTTS and the Opencpop corpus write them with."""

_WITHOUT_CONSONANT = {
    # Finals that begin a syllable are written with y or w, and lose the vowel that these stand for.
    **{"i": ("y", "i"), "in": ("y", "in"), "ing": ("y", "ing"), "ia": ("y", "a")},
    **{"ian": ("y", "En"), "iang": ("y", "ang"), "iao": ("y", "ao"), "ie": ("y", "E")},
    **{"io": ("y", "o"), "iong": ("y", "ong"), "iou": ("y", "ou")},
    **{"u": ("w", "u"), "ua": ("w", "a"), "uai": ("w", "ai"), "uan": ("w", "an")},
    **{"uang": ("w", "ang"), "uei": ("w", "ei"), "uen": ("w", "en"), "ueng": ("w", "eng")},
    **{"uo": ("w", "o")},
    **{"v": ("y", "v"), "van": ("y", "van"), "ve": ("y", "ve"), "vn": ("y", "vn")},
    # The others open with a phone for the silence of the glottis, one for each kind of vowel.
    **{final: ("AA", final) for final in ("a", "ai", "an", "ang", "ao")},
    **{final: ("EE", final) for final in ("e", "ei", "en", "eng", "er")},
    **{final: ("OO", final) for final in ("o", "ou")},
}
_SHORTENED = {"uei": "ui", "iou": "iu", "uen": "un"}
_PALATALS = frozenset("jqx")
_AFTER_PALATAL = {"u": "v", "uan": "van", "ue": "ve", "un": "vn", "uen": "vn"}
_BUZZED = {
    **dict.fromkeys(("zh", "ch", "sh", "r"), "ir"),
    **dict.fromkeys(("z", "c", "s"), "i0"),
}


def syllable_phones(initial: str, final: str) -> tuple[str, str] | None:
    """Consonant and rest of a syllable: ("zh", "i") -> ("zh", "ir"), ("", "ian") -> ("y", "En").

    `final` is full pinyin without a tone, v for ü ("uei", "ve"). None when there is no such
    syllable in the corpus, as for the interjections m, ng and ê.
    """
    if not final:
        return None
    if not initial:
        return _WITHOUT_CONSONANT.get(final)
    if final == "i" and initial in _BUZZED:
        return initial, _BUZZED[initial]
    if initial in _PALATALS:
        final = _AFTER_PALATAL.get(final, final)
    return initial, _SHORTENED.get(final, final)
