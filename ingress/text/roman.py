"""Roman numerals where nothing else can be meant: Chapter IV, siglo XXI, Louis XIV."""

from __future__ import annotations

import re

from ingress.text.numbers import cardinal, ordinal
from ingress.text.vocabulary import Locale

_NUMERAL = r"(?=[IVXLC]{2,9}(?![IVXLC])|[IVX](?![IVXLC]))((?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_COUNTED = {
    "en": "Chapter|Part|Act|Scene|Volume|Book|Section|Article|Appendix|Phase|Stage|World War",
    "es": "Capítulo|Parte|Acto|Tomo|Libro|Sección|Artículo|Anexo|[Ss]iglos?",
    "fr": "Chapitre|Partie|Acte|Tome|Livre|Section|Article|Annexe",
    "de": "Kapitel|Teil|Akt|Band|Buch|Abschnitt|Artikel|Anhang",
    "it": "Capitolo|Parte|Atto|Tomo|Libro|Sezione|Articolo|Allegato",
    "pt": "Capítulo|Parte|Ato|Tomo|Livro|Seção|Artigo|Anexo|[Ss]éculos?",
}
_REIGNING = (
    "Louis|Henry|Elizabeth|George|Charles|James|William|Edward|Richard|Philip|Frederick|Catherine"
    "|Alexander|Nicholas|Napoleon|Pius|Benedict|Leo|Innocent|Gregory|Paul|John Paul|Clement"
)
_AFTER = {
    language: re.compile(rf"\b({names}) {_NUMERAL}\b(?![.'’]\w)")
    for language, names in _COUNTED.items()
}
_MONARCH = re.compile(rf"\b({_REIGNING}) {_NUMERAL}\b(?![.'’]\w)")
_FRENCH_CENTURY = re.compile(rf"\b{_NUMERAL}(?:e|ème) (?=siècle)")
_ITALIAN_CENTURY = re.compile(rf"\b{_NUMERAL} (?=secolo)")


def read_roman_numerals(text: str, locale: Locale) -> str:
    if pattern := _AFTER.get(locale.language):
        text = pattern.sub(lambda found: f"{found[1]} {_cardinal(found[2], locale)}", text)
    if locale.language == "en":
        return _MONARCH.sub(
            lambda found: f"{found[1]} the {ordinal(str(roman_value(found[2])), locale)}", text
        )
    century = {"fr": _FRENCH_CENTURY, "it": _ITALIAN_CENTURY}.get(locale.language)
    if century:
        return century.sub(lambda found: f"{ordinal(str(roman_value(found[1])), locale)} ", text)
    return text


def _cardinal(numeral: str, locale: Locale) -> str:
    return cardinal(str(roman_value(numeral)), locale)


def roman_value(numeral: str) -> int:
    """XIV -> 14. The numeral is well formed."""
    values = [_VALUES[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < following else one for one, following in pairs)
