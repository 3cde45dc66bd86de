"""Roman numerals where nothing else can be meant: Chapter IV, siglo XXI, Louis XIV."""

from __future__ import annotations

import re

from ingress.text.numbers import cardinal, ordinal
from ingress.text.vocabulary import Locale

_NUMERAL = (
    r"(?=[IVXLC]{2,9}(?![IVXLC])|[IVX](?![IVXLC]))"
    r"((?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?<=[IVXLC])\b"
)
_NO_ABBREVIATION = r"(?!\.\w|['’](?!s\b)\w)"
_NO_PRONOUN = r"(?!(?<= I) (?!of\b)[a-z])"
"""George, I think: who leaves the comma out means nobody's rank."""
_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_COUNTED = {
    "en": "Chapter|Part|Act|Scene|Volume|Book|Section|Article|Appendix|Phase|Stage|World War"
    "|Super Bowl|Episode|Title|Type|Class|Level|Round|Canto|Figure|Table|Psalm",
    "es": "Capítulo|Parte|Acto|Tomo|Libro|Sección|Artículo|Anexo|[Ss]iglos?",
    "fr": "Chapitre|Partie|Acte|Tome|Livre|Section|Article|Annexe",
    "de": "Kapitel|Teil|Akt|Band|Buch|Abschnitt|Artikel|Anhang",
    "it": "Capitolo|Parte|Atto|Tomo|Libro|Sezione|Articolo|Allegato|[Ss]ecolo",
    "pt": "Capítulo|Parte|Ato|Tomo|Livro|Seção|Artigo|Anexo|[Ss]éculos?",
}
_REIGNING = {
    "en": "Louis|Henry|Elizabeth|George|Charles|James|William|Edward|Richard|Philip|Frederick"
    "|Catherine|Alexander|Nicholas|Napoleon|Pius|Benedict|Leo|Innocent|Gregory|Paul|Clement",
    "es": "Luis|Felipe|Alfonso|Carlos|Pablo|Juan|Fernando|Enrique|Isabel|Benedicto|Pío|Napoleón"
    "|Jaime|Sancho|Pedro|Jorge|Guillermo|Gregorio|León|Francisco|Alejandro|Clemente",
    "fr": "Louis|Henri|Charles|François|Napoléon|Philippe|Paul|Jean|Benoît|Pie|Élisabeth"
    "|Elizabeth|Georges|Guillaume|Léon|Grégoire|Nicolas|Alexandre|Clément",
    "de": "Ludwig|Heinrich|Friedrich|Wilhelm|Karl|Otto|Paul|Benedikt|Pius|Elisabeth|Elizabeth"
    "|Katharina|Philipp|Franz|Leopold|Nikolaus|Alexander|Georg|Napoleon|Leo|Gregor|Maximilian",
    "it": "Luigi|Vittorio Emanuele|Umberto|Paolo|Giovanni|Benedetto|Pio|Carlo|Enrico|Filippo"
    "|Federico|Napoleone|Leone|Gregorio|Elisabetta|Clemente|Alessandro|Francesco",
    "pt": "Pedro|João|Luís|Felipe|Filipe|Carlos|Manuel|Afonso|Henrique|Paulo|Bento|Pio|Isabel"
    "|Napoleão|Leão|Gregório|Alexandre|Clemente",
}
_QUEENS = frozenset({"Isabel", "Elisabetta", "Elisabeth", "Elizabeth", "Katharina"})
_TENTH = 10
"""Spanish and Portuguese rank monarchs up to it, and count them beyond."""
_AFTER = {
    language: re.compile(rf"\b({names}) {_NUMERAL}{_NO_ABBREVIATION}")
    for language, names in _COUNTED.items()
}
_MONARCHS = {
    language: re.compile(rf"\b({names}) {_NUMERAL}(\.?){_NO_ABBREVIATION}{_NO_PRONOUN}")
    for language, names in _REIGNING.items()
}
_SEQUEL = re.compile(r"(?<=[a-z]) (II|III|VII|VIII|XII|XIII)\b(?!\.\w|['’]\w)")
"""Rocky II: what can be nothing else."""
_FIRST_KING = re.compile(rf"\b({_REIGNING['fr']}) Ier\b")
_FRENCH_CENTURY = re.compile(rf"\b{_NUMERAL[:-2]}(?:er|e|ème) (?=siècle)")
_ITALIAN_CENTURY = re.compile(rf"\b{_NUMERAL} (?=secolo)")
_SENTENCE_ENDS = re.compile(r"\s{0,8}(?:$|\n)|\s[A-ZÄÖÜ]")


def read_roman_numerals(text: str, locale: Locale) -> str:
    language = locale.language
    if pattern := _AFTER.get(language):
        text = pattern.sub(lambda found: f"{found[1]} {_cardinal(found[2], locale)}", text)
    if language == "fr":
        text = _FIRST_KING.sub(r"\1 premier", text)
    if pattern := _MONARCHS.get(language):
        text = pattern.sub(lambda found: f"{found[1]} {_reign(found, locale)}", text)
    if language in ("en", "fr"):
        text = _SEQUEL.sub(lambda found: f" {_cardinal(found[1], locale)}", text)
    century = {"fr": _FRENCH_CENTURY, "it": _ITALIAN_CENTURY}.get(language)
    if century:
        return century.sub(lambda found: f"{ordinal(str(roman_value(found[1])), locale)} ", text)
    return text


def _reign(found: re.Match[str], locale: Locale) -> str:
    """The fourteenth, der Vierzehnte, catorce, quatorze, quattordicesimo."""
    number, is_queen = roman_value(found[2]), found[1] in _QUEENS
    if locale.language == "en":
        return f"the {ordinal(str(number), locale)}{found[3]}"
    if locale.language == "de":  # the full stop is the rank's, and may be the sentence's too
        stop = "." if found[3] and _SENTENCE_ENDS.match(found.string, found.end()) else ""
        rank = ordinal(str(number), locale, "").capitalize()
        return f"{'die' if is_queen else 'der'} {rank}{stop}"
    is_counted = number > _TENTH and locale.language != "it"
    if is_counted or locale.language == "fr":
        return cardinal(str(number), locale) + found[3]
    return ordinal(str(number), locale, "feminine" if is_queen else "masculine") + found[3]


def _cardinal(numeral: str, locale: Locale) -> str:
    return cardinal(str(roman_value(numeral)), locale)


def roman_value(numeral: str) -> int:
    """XIV -> 14. The numeral is well formed."""
    values = [_VALUES[letter] for letter in numeral]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return sum(-one if one < following else one for one, following in pairs)
