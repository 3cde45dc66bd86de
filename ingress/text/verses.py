"""Chapter and verse, read aloud: Matthew 5:9 is five nine, no ratio and no time of day."""

from __future__ import annotations

import re

from ingress.text.vocabulary import Locale

_BOOKS = {
    "en": "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings"
    "|Chronicles|Ezra|Nehemiah|Esther|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah"
    "|Lamentations|Ezekiel|Daniel|Hosea|Joel|Amos|Jonah|Micah|Zechariah|Malachi|Matthew|Mark|Luke"
    "|John|Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Colossians|Thessalonians"
    "|Timothy|Titus|Hebrews|James|Peter|Jude|Revelation|Surah|Quran",
    "es": "Génesis|Éxodo|Salmos?|Proverbios|Isaías|Jeremías|Daniel|Mateo|Marcos|Lucas|Juan|Hechos"
    "|Romanos|Corintios|Gálatas|Efesios|Filipenses|Hebreos|Santiago|Pedro|Apocalipsis",
    "fr": "Genèse|Exode|Psaumes?|Proverbes|Isaïe|Ésaïe|Jérémie|Daniel|Matthieu|Marc|Luc|Jean|Actes"
    "|Romains|Corinthiens|Galates|Éphésiens|Philippiens|Hébreux|Jacques|Pierre|Apocalypse",
    "de": "Genesis|Exodus|Mose|Psalm|Sprüche|Jesaja|Jeremia|Daniel|Matthäus|Markus|Lukas|Johannes"
    "|Apostelgeschichte|Römer|Korinther|Galater|Epheser|Philipper|Hebräer|Jakobus|Petrus"
    "|Offenbarung",
    "it": "Genesi|Esodo|Salm[oi]|Proverbi|Isaia|Geremia|Daniele|Matteo|Marco|Luca|Giovanni|Atti"
    "|Romani|Corinzi|Galati|Efesini|Filippesi|Ebrei|Giacomo|Pietro|Apocalisse",
    "pt": "Gênesis|Êxodo|Salmos?|Provérbios|Isaías|Jeremias|Daniel|Mateus|Marcos|Lucas|João|Atos"
    "|Romanos|Coríntios|Gálatas|Efésios|Filipenses|Hebreus|Tiago|Pedro|Apocalipse",
}
_SHORT_BOOKS = {
    **{"Gen": "Genesis", "Ex": "Exodus", "Ps": "Psalm", "Prov": "Proverbs", "Isa": "Isaiah"},
    **{"Matt": "Matthew", "Rom": "Romans", "Cor": "Corinthians", "Heb": "Hebrews"},
    **{"Rev": "Revelation", "Phil": "Philippians"},
}
"""In English."""
_MARKS = {"de": "[:,]", "fr": ":|, ?", "it": "[:,]"}
"""Between chapter and verse; a colon elsewhere."""
_VERSES = {
    language: re.compile(
        rf"(?:\b([123]) )?\b({books})\.? (\d{{1,3}})(?:{_MARKS.get(language, ':')})(\d{{1,3}})"
        r"(?: ?[-–] ?(\d{1,3}))?(?![\d:]|[.,]\d| ?[AaPp]\.?[Mm]\b)"
    )
    for language, books in (_BOOKS | {"en": "|".join([_BOOKS["en"], *_SHORT_BOOKS])}).items()
}
_RANKS = {"1": "First", "2": "Second", "3": "Third"}


def read_verses(text: str, locale: Locale) -> str:
    """John 3:16-18 -> John 3 16 to 18; 1 Corinthians 13:4 -> First Corinthians 13 4."""
    pattern = _VERSES.get(locale.language)
    return pattern.sub(lambda found: _verse(found, locale), text) if pattern else text


def _verse(found: re.Match[str], locale: Locale) -> str:
    number, book, chapter, first, last = found.groups()
    rank = _RANKS[number] if number and locale.language == "en" else number
    book = _SHORT_BOOKS.get(book, book)
    verses = f"{first} {locale.words.to} {last}" if last else first
    return " ".join(filter(None, (rank, book, chapter, verses)))
