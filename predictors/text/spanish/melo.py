"""Spanish for MeloTTS: cleaning, and IPA by gruut. Numbers are read by gruut."""

from predictors.text.gruut_ipa import ipa_characters
from predictors.text.latin_cleaning import clean_latin
from predictors.text.melo_pieces import Pronunciation, WordPieces, pronounce_words


def normalize(text: str) -> str:
    """Lower-case text with the marks of the symbol table; upside-down marks stay."""
    text = text.lower().replace("%", " por ciento").replace("€", " euros")
    return clean_latin(text, ampersand="y").replace("'", "")


def pronounce(text: str, word_pieces: WordPieces) -> Pronunciation:
    """Every character of the IPA is a phone; Spanish has one tone."""
    return pronounce_words(word_pieces(text), _phones)


def _phones(word: str) -> list[tuple[str, int]]:
    return [(phone, 0) for phone in ipa_characters(word, "es-es")]
