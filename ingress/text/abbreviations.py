"""Abbreviations with a full stop that is none: said in full, so that no sentence ends there.

English front ends know some of them each, and no two the same; those that every one knows stay.
"""

from __future__ import annotations

import re

from ingress.text.vocabulary import Locale

_TITLES = {
    "en": {
        **{"Mr.": "mister", "Mrs.": "missus", "Dr.": "doctor", "Prof.": "professor"},
        **{"Gen.": "general", "Capt.": "captain", "Sgt.": "sergeant", "Lt.": "lieutenant"},
        **{"Gov.": "governor", "Sen.": "senator", "Rev.": "reverend", "St.": "saint"},
        **{"Mt.": "mount", "Ft.": "fort", "Ms.": "miz"},
    },
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
        **{"incl.": "incluido", "izq.": "izquierda", "dcha.": "derecha"},
    },
    "en": {
        **{"approx.": "approximately", "w/o": "without", "w/": "with", "vs.": "versus"},
        **{"vs": "versus", "dept.": "department", "misc.": "miscellaneous"},
        **{"WWI": "World War One", "WWII": "World War Two", "tel.": "telephone"},
    },
    "fr": {
        **{"p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "etc.": "et cetera"},
        **{"av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ"},
        **{"ap. J.-C.": "après Jésus-Christ", "env.": "environ"},
        **{
            "tél.": "téléphone",
            "max.": "maximum",
            "c. à café": "cuillère à café",
            "c. à soupe": "cuillère à soupe",
        },
        **{"c. à c.": "cuillère à café", "c. à s.": "cuillère à soupe"},
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
        **{"Jh.": "Jahrhundert", "MwSt.": "Mehrwertsteuer", "u.": "und"},
    },
    "it": {
        **{"ecc.": "eccetera", "ad es.": "ad esempio", "p. es.": "per esempio"},
        **{"mln": "milioni", "mld": "miliardi"},
    },
    "pt": {
        **{"p. ex.": "por exemplo", "etc.": "et cetera", "apto.": "apartamento"},
        "séc.": "século",
    },
}
_BEFORE_NUMBERS = {
    "es": {"n.º": "número", "art.": "artículo", "pág.": "página", "p.": "página"},
    "fr": {"n°": "numéro", "art.": "article", "p.": "page"},
    "en": {
        **{"vol.": "volume", "ch.": "chapter", "p.": "page", "pp.": "pages", "fig.": "figure"},
        **{"figs.": "figures", "ext.": "extension", "apt.": "apartment", "nos.": "numbers"},
        **{"eq.": "equation", "eqs.": "equations"},
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


_LANGUAGES = tuple(_TITLES)
_PATTERNS = {
    language: re.compile(
        rf"(?<![\w.])(?:(?P<title>(?i:{_alternatives(_TITLES, language)})) {_CAPITAL}"
        rf"|(?P<word>(?i:{_alternatives(_WORDS, language)}))(?!\w)"
        rf"|(?P<number>(?i:{_alternatives(_BEFORE_NUMBERS, language)})) ?(?=\(?\d))"
    )
    for language in _LANGUAGES
}
_ALL = {language: _table(_TITLES, language) | _table(_WORDS, language) for language in _LANGUAGES}
_NUMBERED = {language: _table(_BEFORE_NUMBERS, language) for language in _LANGUAGES}
_BEGINS_SENTENCE = "The|It|He|She|We|They|You|I|In|On|At|But|And|This|That|Turn"
_ROADS = {"St": "Street", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane"}
_ENGLISH_ROAD = re.compile(
    rf"""
    \b ( [A-Z][a-z]{{1,30}} | \d{{1,4}}(?:st|nd|rd|th) )          # Main, 5th
    [ ] ( {"|".join(_ROADS)} ) \.
    (?= ( \s{{0,8}}(?:$|\n) | [ ](?:{_BEGINS_SENTENCE})\b )        # the sentence ends with it
      | [,;:!?)] | [ ][a-z(\d&] )                                  # it goes on
    """,
    re.VERBOSE,
)
"""Main St.; St. Paul is a saint, whose name neither ends a sentence nor goes on in lower case."""
_FRENCH_SAINT = re.compile(r"(?<![\w-])S(te?s?)\.?(?=[- ][A-ZÀ-ÖØ-Þ])")
"""St-Denis, Ste-Marie, Sts-Pierre-et-Paul."""
_FRENCH_SAINTS = {"t": "Saint", "te": "Sainte", "ts": "Saints", "tes": "Saintes"}
_SPANISH_STREET = re.compile(r"(?<!\w)[Cc]/ ?(?=[A-ZÀ-Þ])")
_ITALIAN_CENTURY = re.compile(r"\bsec\. (?=[IVX])")
_PORTUGUESE_STREET = re.compile(r"(?:(?<=\b[nd]a )|(?<=\bpela )|(?<=\bà ))R\. (?=[A-ZÀ-Þ])")
_PORTUGUESE_DON = re.compile(r"(?<![\w.])(?<!\. )D\. (?=([A-ZÀ-Þ][a-zß-ÿ]{2,20})\b)")
_PORTUGUESE_LADIES = ("a", "Inês", "Isabel", "Beatriz", "Leonor", "Carmen", "Matilde")
_GERMAN_SPOON = re.compile(r"(?<=[\d½¼¾] )(T|E)L\b")
_STREET = re.compile(r"(?<=[a-zäöüß-])(s|S)tr\.(?!\w)")
"""Hauptstr., Berliner-Str."""
_ENDS_HERE = re.compile(r"\s{0,8}(?:$|\n)|\s[A-ZÀ-ÖØ-Þ¿¡«„\"(]")


def read_abbreviations(text: str, locale: Locale) -> str:
    """M. Dupont -> Monsieur Dupont, z. B. -> zum Beispiel, n.º 5 -> número 5."""
    pattern = _PATTERNS.get(locale.language)
    if locale.language == "de":
        text = _STREET.sub(r"\1traße", text)
        text = _GERMAN_SPOON.sub(
            lambda found: "Teelöffel" if found[1] == "T" else "Esslöffel", text
        )
    elif locale.language == "en":
        text = _ENGLISH_ROAD.sub(_road, text)
    elif locale.language == "fr":
        text = _FRENCH_SAINT.sub(lambda found: _FRENCH_SAINTS[found[1]], text)
    elif locale.language == "es":
        text = _SPANISH_STREET.sub("calle ", text)
    elif locale.language == "pt":
        text = _PORTUGUESE_DON.sub(_don_or_lady, _PORTUGUESE_STREET.sub("rua ", text))
    elif locale.language == "it":
        text = _ITALIAN_CENTURY.sub("secolo ", text)
    return pattern.sub(lambda found: _in_full(found, locale.language), text) if pattern else text


def _road(found: re.Match[str]) -> str:
    """With the full stop, where a sentence ends there."""
    return f"{found[1]} {_ROADS[found[2]]}{'' if found[3] is None else '.'}"


def _don_or_lady(found: re.Match[str]) -> str:
    """By the name: D. Maria, D. Pedro."""
    return "Dona " if found[1].endswith(_PORTUGUESE_LADIES) else "Dom "


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
