"""Languages in any usual spelling, as the models spell them.

Tags (BCP 47, ISO 639-1 to -3, POSIX locales, withdrawn codes) and names in English or in the
language itself are read by langcodes, from IANA's registry and CLDR's data: decision 0008.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from langcodes import Language, closest_match, find
from langcodes.tag_parser import LanguageTagError

from contract.errors import InvalidRequest
from ingress.wording import choice, quoted

_NAMES = """
af afrikaans,am amharic,ar arabic,as assamese,az azerbaijani,ba bashkir,be belarusian,bg bulgarian,
bn bengali,bo tibetan,br breton,bs bosnian,ca catalan,cs czech,cy welsh,da danish,de german,
el greek,en english,es spanish,et estonian,eu basque,fa persian,fi finnish,fo faroese,fr french,
gl galician,gu gujarati,ha hausa,haw hawaiian,he hebrew,hi hindi,hr croatian,ht haitian creole,
hu hungarian,hy armenian,id indonesian,is icelandic,it italian,ja japanese,jw javanese,ka georgian,
kk kazakh,km khmer,kn kannada,ko korean,la latin,lb luxembourgish,ln lingala,lo lao,lt lithuanian,
lv latvian,mg malagasy,mi maori,mk macedonian,ml malayalam,mn mongolian,mr marathi,ms malay,
mt maltese,my myanmar,ne nepali,nl dutch,nn nynorsk,no norwegian,oc occitan,pa punjabi,pl polish,
ps pashto,pt portuguese,ro romanian,ru russian,sa sanskrit,sd sindhi,si sinhala,sk slovak,
sl slovenian,sn shona,so somali,sq albanian,sr serbian,su sundanese,sv swedish,sw swahili,ta tamil,
te telugu,tg tajik,th thai,tk turkmen,tl tagalog,tr turkish,tt tatar,uk ukrainian,ur urdu,uz uzbek,
vi vietnamese,yi yiddish,yo yoruba,yue cantonese,zh chinese
"""
NAMES: dict[str, str] = {
    code: name for code, _, name in (entry.strip().partition(" ") for entry in _NAMES.split(","))
}
"""The languages Whisper knows, by its codes. OpenAI answers with the English names."""
_BY_NAME = {name: code for code, name in NAMES.items()}
_STANDARD_CODES = {"jw": "jv"}
"""Whisper keeps one withdrawn code, Javanese."""
_BY_STANDARD_CODE = {_STANDARD_CODES.get(code, code): code for code in NAMES}

_DETECTION = frozenset(
    {"auto", "autodetect", "automatic", "detect", "any", "multi", "multilingual", "mul", "und"}
)
COUNTRIES = {"jp": "ja", "kr": "ko"}
"""HSE names two languages by their countries."""
_KOKORO = {
    **{"a": "en-US", "b": "en-GB", "e": "es", "f": "fr", "h": "hi", "i": "it", "j": "ja"},
    **{"p": "pt-BR", "z": "zh"},
}
"""Letters of Kokoro's `lang_code` (hexgrad/kokoro, kokoro/pipeline.py, LANG_CODES)."""
_LONGEST = 64
_NEAREST = 15
"""CLDR's distance of what speakers of one understand: Moroccan and standard Arabic are 14 apart,
Maithili and Hindi 20 (unicode.org/reports/tr35/#LanguageMatching)."""


def language_code(value: str, *, param: str) -> str | None:
    """Whisper's code for a language; None when it is to be detected.

    Raises InvalidRequest when it is none, or none that Whisper knows.
    """
    if is_any_language(value):
        return None
    word = value.strip().lower()
    code = _BY_NAME.get(word) or _nearest(iso_code(word), tuple(_BY_STANDARD_CODE))
    if code is None:
        raise InvalidRequest(
            f"{param} {quoted(value)} is not a language that can be transcribed; leave it out to "
            f"have it detected, or send one of: {', '.join(NAMES)}",
            param=param,
        )
    return _BY_STANDARD_CODE.get(code, code)


def is_any_language(value: str) -> bool:
    """Whether it leaves the choice to us: auto, detect, und …"""
    return re.sub(r"[\s_-]", "", value.lower()) in _DETECTION


def standard_code(code: str) -> str:
    """ISO 639's code of one of Whisper's."""
    return _STANDARD_CODES.get(code, code)


def spoken_language(value: str, offered: Sequence[str], *, param: str, model: str) -> str:
    """The entry of `offered` that means the same language. Raises InvalidRequest."""
    word = value.strip().casefold()
    word = _KOKORO.get(word, word).casefold()
    same = next((name for name in offered if name.casefold() == word), None)
    if same is not None:
        return same
    codes = {code: name for name in reversed(offered) if (code := iso_code(name))}
    code = _nearest(iso_code(word), tuple(codes))
    if code is None:
        raise InvalidRequest(
            f"{model} does not speak {param} {quoted(value)}; {choice('it speaks', list(offered))}",
            param=param,
        )
    return codes[code]


def iso_code(value: str) -> str | None:
    """The shortest ISO 639 code of a language given by tag or by name; None when it is neither."""
    word = value.strip().lower()
    return _iso_code(word) if 1 < len(word) <= _LONGEST and word.isprintable() else None


@lru_cache(maxsize=512)
def _iso_code(word: str) -> str | None:
    try:
        tag = Language.get(COUNTRIES.get(word) or re.split(r"[.@]", word)[0])
        if tag.language and tag.is_valid():
            return tag.language
    except LanguageTagError:
        pass
    try:
        return find(word).language
    except LookupError:
        return None


@lru_cache(maxsize=512)
def _nearest(code: str | None, known: tuple[str, ...]) -> str | None:
    """The code itself, its macrolanguage, or the one known language near enough to it."""
    if code is None or code in known or not known:
        return code if code in known else None
    macrolanguage = Language.get(code).prefer_macrolanguage().language
    if macrolanguage in known:
        return macrolanguage
    found, distance = closest_match(code, known, max_distance=_NEAREST)
    return found if distance <= _NEAREST else None
