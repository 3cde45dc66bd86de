"""Abbreviations with a full stop that is none: said in full, so that no sentence ends there.

Of English ones those before numbers; every English front end knows the titles and the rest, in the
spelling that its voices learnt.
"""

from __future__ import annotations

import re

from ingress.text.vocabulary import Locale

_TITLES = {
    "es": {
        **{"Sr.": "señor", "Sra.": "señora", "Srta.": "señorita", "Sres.": "señores"},
        **{"Dr.": "doctor", "Dra.": "doctora", "Prof.": "profesor", "Av.": "avenida"},
        **{"Avda.": "avenida"},
    },
    "fr": {
        **{"M.": "monsieur", "MM.": "messieurs", "Mme.": "madame", "Mme": "madame"},
        **{"Mlle": "mademoiselle", "Mlle.": "mademoiselle", "Dr": "docteur", "Dr.": "docteur"},
        **{"Pr": "professeur", "Pr.": "professeur", "bd": "boulevard"},
    },
    "de": {"Dr.": "Doktor", "Prof.": "Professor", "Hr.": "Herr", "Fr.": "Frau"},
    "it": {
        **{"Sig.": "signor", "Sig.ra": "signora", "Sigg.": "signori", "Dott.": "dottor"},
        **{"Dott.ssa": "dottoressa", "Prof.": "professor", "Prof.ssa": "professoressa"},
        **{"Dr.": "dottor", "P.zza": "piazza", "P.za": "piazza", "V.le": "viale"},
    },
    "pt": {
        **{"Sr.": "senhor", "Sra.": "senhora", "Srta.": "senhorita", "Dr.": "doutor"},
        **{"Dra.": "doutora", "Prof.": "professor", "Profa.": "professora", "Av.": "avenida"},
    },
    "hi": {"डॉ.": "डॉक्टर", "प्रो.": "प्रोफ़ेसर", "श्री.": "श्री"},
}
"""Before a name, in upper or lower case."""
_WORDS = {
    "es": {
        **{"p. ej.": "por ejemplo", "etc.": "etcétera", "Ud.": "usted", "Uds.": "ustedes"},
        **{"EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "aprox.": "aproximadamente"},
    },
    "en": {"approx.": "approximately", "w/o": "without", "w/": "with"},
    "fr": {
        **{"p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "etc.": "et cetera"},
        **{"av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ"},
        **{"ap. J.-C.": "après Jésus-Christ", "env.": "environ"},
        **{"max.": "maximum"},
    },
    "de": {
        **{"z. B.": "zum Beispiel", "z.B.": "zum Beispiel", "d. h.": "das heißt"},
        **{"d.h.": "das heißt", "u. a.": "unter anderem", "u.a.": "unter anderem"},
        **{
            "usw.": "und so weiter",
            "bzw.": "beziehungsweise",
            "ca.": "circa",
            "ggf.": "gegebenenfalls",
        },
        **{"vgl.": "vergleiche", "evtl.": "eventuell", "inkl.": "inklusive", "Mio.": "Millionen"},
        **{"Mrd.": "Milliarden", "etc.": "et cetera", "u.v.m.": "und vieles mehr"},
        **{"i.d.R.": "in der Regel", "i. d. R.": "in der Regel", "o.ä.": "oder ähnliches"},
        **{"n. Chr.": "nach Christus", "v. Chr.": "vor Christus", "Str.": "Straße"},
        **{"Tel.": "Telefon", "Std.": "Stunden", "Min.": "Minuten", "s. S.": "siehe Seite"},
    },
    "it": {
        **{"ecc.": "eccetera", "ad es.": "ad esempio", "p. es.": "per esempio"},
        **{"mln": "milioni", "mld": "miliardi"},
    },
    "pt": {"p. ex.": "por exemplo", "etc.": "et cetera"},
}
_BEFORE_NUMBERS = {
    "es": {"n.º": "número", "art.": "artículo", "pág.": "página", "p.": "página"},
    "fr": {"n°": "numéro", "art.": "article", "p.": "page"},
    "en": {
        **{"vol.": "volume", "ch.": "chapter", "p.": "page", "pp.": "pages", "fig.": "figure"},
        **{"figs.": "figures", "ext.": "extension", "apt.": "apartment"},
    },
    "de": {
        **{"Nr.": "Nummer", "S.": "Seite", "Art.": "Artikel", "Abs.": "Absatz", "Bd.": "Band"},
        **{"Abb.": "Abbildung", "Kap.": "Kapitel", "Tab.": "Tabelle"},
    },
    "it": {"n.": "numero", "art.": "articolo", "pag.": "pagina", "p.": "pagina"},
    "pt": {"n.º": "número", "art.": "artigo", "pág.": "página", "p.": "página"},
}
_CAPITAL = r"(?=[A-ZÀ-ÖØ-ÞŠŽ\u0900-\u097f])"


def _table(kind: dict[str, dict[str, str]], language: str) -> dict[str, str]:
    return {short.lower(): full for short, full in kind.get(language, {}).items()}


def _alternatives(kind: dict[str, dict[str, str]], language: str) -> str:
    names = sorted(kind.get(language, {}), key=len, reverse=True)
    return "|".join(map(re.escape, names)) or "(?!)"


_LANGUAGES = ("en", *_TITLES)
_PATTERNS = {
    language: re.compile(
        rf"(?<![\w.])(?:(?P<title>(?i:{_alternatives(_TITLES, language)})) {_CAPITAL}"
        rf"|(?P<word>(?i:{_alternatives(_WORDS, language)}))(?!\w)"
        rf"|(?P<number>(?i:{_alternatives(_BEFORE_NUMBERS, language)})) ?(?=\d))"
    )
    for language in _LANGUAGES
}
_ALL = {language: _table(_TITLES, language) | _table(_WORDS, language) for language in _LANGUAGES}
_NUMBERED = {language: _table(_BEFORE_NUMBERS, language) for language in _LANGUAGES}
_STREET = re.compile(r"(?<=[a-zäöüß-])(s|S)tr\.(?!\w)")
"""Hauptstr., Berliner-Str."""
_ENDS_HERE = re.compile(r"\s{0,8}(?:$|\n)|\s[A-ZÀ-ÖØ-Þ¿¡«„\"(]")


def read_abbreviations(text: str, locale: Locale) -> str:
    """M. Dupont -> Monsieur Dupont, z. B. -> zum Beispiel, n.º 5 -> número 5."""
    pattern = _PATTERNS.get(locale.language)
    if locale.language == "de":
        text = _STREET.sub(r"\1traße", text)
    return pattern.sub(lambda found: _in_full(found, locale.language), text) if pattern else text


def _in_full(found: re.Match[str], language: str) -> str:
    if number := found["number"]:
        return _cased(number, _NUMBERED[language][number.lower()]) + " "
    if title := found["title"]:
        if language == "fr" and title == "m.":
            return found[0]  # a metre
        return _cased(title, _ALL[language][title.lower()]) + " "
    word = found["word"]
    ends = word.endswith(".") and _ENDS_HERE.match(found.string, found.end())
    is_last = ends and word.lower() in ("etc.", "ecc.", "usw.")
    return _cased(word, _ALL[language][word.lower()]) + ("." if is_last else "")


def _cased(short: str, full: str) -> str:
    return full[0].upper() + full[1:] if short[0].isupper() else full
