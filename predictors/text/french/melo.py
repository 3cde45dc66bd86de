"""French for MeloTTS: abbreviations, cleaning, and IPA by gruut. Numbers are read by gruut."""

import re

from predictors.text.gruut_ipa import ipa_characters
from predictors.text.latin_cleaning import clean_latin
from predictors.text.melo_pieces import Pronunciation, WordPieces, pronounce_words

# Written with a full stop.
_BEFORE_FULL_STOP = {
    "adr": "adresse",
    "apr. j.-c": "après Jésus-Christ",
    "art": "article",
    "av": "avenue",
    "av. j.-c": "avant Jésus-Christ",
    "boul": "boulevard",
    "c.-à-d": "c'est-à-dire",
    "capt": "capitaine",
    "cf": "confer",
    "co": "compagnie",
    "col": "colonel",
    "dr": "docteur",
    "etc": "et cetera",
    "ex": "exemple",
    "excl": "exclusivement",
    "incl": "inclusivement",
    "janv": "janvier",
    "jr": "junior",
    "max": "maximum",
    "min": "minimum",
    "mm": "messieurs",
    "n.b": "nota bene",
    "no": "numéro",
    "p.c.q": "parce que",
    "pr": "professeur",
    "sgt": "sergent",
    "st": "saint",
    "ste": "sainte",
    "tél": "téléphone",
    "vol": "volume",
}
# Written without a full stop as often as with one.
_ALONE = {
    "mgr": "monseigneur",
    "mlle": "mademoiselle",
    "mlles": "mesdemoiselles",
    "mme": "madame",
    "mmes": "mesdames",
    "qqch": "quelque chose",
    "rdv": "rendez-vous",
}
_MISTER = re.compile(r"\bM\.")  # a small m. is a metre


def _alternatives(table: dict[str, str]) -> str:
    return "|".join(re.escape(name) for name in sorted(table, key=len, reverse=True))


_DOTTED = re.compile(rf"\b({_alternatives(_BEFORE_FULL_STOP)})\.", re.IGNORECASE)
_PLAIN = re.compile(rf"\b({_alternatives(_ALONE)})\b\.?", re.IGNORECASE)
_LONG_T = re.compile(r"t{3,}")


def normalize(text: str) -> str:
    """Text with abbreviations read out and the marks of the symbol table; case is kept."""
    text = _DOTTED.sub(lambda match: _BEFORE_FULL_STOP[match[1].lower()], text)
    text = _PLAIN.sub(lambda match: _ALONE[match[1].lower()], text)
    text = _MISTER.sub("monsieur", text).replace("%", " pour cent").replace("€", " euros")
    return clean_latin(text, ampersand=" et ")


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Every character of the IPA is a phone, nasal tildes included; French has one tone."""
    return pronounce_words(word_pieces(text), _phones)


def _phones(word: str) -> list[tuple[str, int]]:
    # gruut's model stutters on unknown words: three t and more are never French.
    ipa = _LONG_T.sub("", "".join(ipa_characters(word, "fr-fr")))
    return [(phone, 0) for phone in ipa]
