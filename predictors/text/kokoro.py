"""Kokoro text front end: text and language -> the ids that the network eats. READ FIRST.

text -> tokens, a word or a mark each -> sentences -> pieces of at most 510 symbols -> ids

The symbols are IPA as the network was trained on it (hexgrad/misaki): single letters for
diphthongs and affricates, stress marks before the vowel.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from predictors.text.chinese.kokoro import read_mandarin
from predictors.text.english.kokoro import read_american
from predictors.text.errors import NoSpeakableText, UnknownPhonemes
from predictors.text.japanese.kokoro import read_japanese
from predictors.text.kokoro_espeak import read_espeak
from predictors.text.kokoro_ipa import kokoro_symbols
from predictors.text.kokoro_tokens import Token

MAX_SYMBOLS = 510
"""What the network's positions and a voice's rows allow."""

_RUNS = {
    **{1: ";:,.!?", 9: '—…"()“” ̃ʣʥʦʨᵝꭧAI', 31: "O", 33: "Q", 35: "ST", 39: "W", 41: "Yᵊabcdef"},
    **{50: "hijklmnopqrstuvwxyzɑɐɒæ", 75: "βɔɕç", 80: "ɖðʤə", 85: "ɚɛɜ", 90: "ɟ", 92: "ɡ"},
    **{99: "ɥ", 101: "ɨɪʝ", 110: "ɯɰŋɳɲɴø", 118: "ɸθœ", 123: "ɹ", 125: "ɾɻ", 128: "ʁɽʂʃʈʧ"},
    **{135: "ʊʋ", 138: "ʌɣɤ", 142: "χʎ", 147: "ʒʔ", 156: "ˈˌː", 162: "ʰ", 164: "ʲ", 169: "↓"},
    **{171: "→↗↘", 177: "ᵻ"},
}
"""First id of a run → its symbols (config.json of hexgrad/Kokoro-82M, `vocab`)."""
_IDS = {symbol: first + i for first, run in _RUNS.items() for i, symbol in enumerate(run)}
_SILENT = frozenset(';:,.!?—…"()“” ˈˌː→↗↘↓̃')
_OPENING = ("(", "“")
_SENTENCE_ENDS = ".!?…"
_CUTS = (_SENTENCE_ENDS, ";:,—", " ")
"""After what a sentence that is too long is cut, best first."""


@dataclass(frozen=True)
class Language:
    name: str
    """In plain English, for messages."""
    tag: str
    """BCP 47."""
    read: Callable[[str], Iterable[Token]]
    espeak_voice: str = ""
    """Of espeak-ng, where that reads the language."""


def _by_espeak(name: str, tag: str, voice: str) -> Language:
    return Language(name, tag, partial(read_espeak, voice=voice), voice)


LANGUAGES: Mapping[str, Language] = {
    "a": Language("English", "en-US", read_american),
    "b": _by_espeak("English", "en-GB", "en"),
    "e": _by_espeak("Spanish", "es", "es"),
    "f": _by_espeak("French", "fr", "fr"),
    "h": _by_espeak("Hindi", "hi", "hi"),
    "i": _by_espeak("Italian", "it", "it"),
    "j": Language("Japanese", "ja", read_japanese),
    "p": _by_espeak("Portuguese", "pt-BR", "pt-br"),
    "z": Language("Chinese", "zh", read_mandarin),
}
"""By the first letter of a voice's name, as Kokoro has them."""


_BY_TAG = {
    **{"en": "ab", "es": "e", "fr": "f", "hi": "h", "it": "i", "ja": "j", "jp": "j", "pt": "p"},
    **{"zh": "z", "en-us": "a", "en-gb": "b"},
}


def letters_of(language: str) -> str:
    """The keys of LANGUAGES that a tag such as "en-GB" or a letter of Kokoro's means: "en" is both
    kinds of English. "" if the language is not spoken."""
    tag = language.strip().lower().replace("_", "-")
    return tag if tag in LANGUAGES else _BY_TAG.get(tag) or _BY_TAG.get(tag.split("-")[0], "")


Stretch = tuple[str, str]
"""Part of a text, and how it is said in IPA; "": as it is spelled."""


def read_stretches(text: Iterable[Stretch], letter: str) -> list[list[list[Token]]]:
    """For each sentence its pieces, each the tokens of at most MAX_SYMBOLS symbols.

    `letter` is a key of LANGUAGES. Raises NoSpeakableText when nothing is left to be spoken, and
    UnknownPhonemes where a pronunciation in it has a letter that no voice knows.
    """
    language = LANGUAGES[letter]
    tokens = [
        Token(token.text, _known(token.symbols))
        for stretch in text
        for token in _tokens(stretch, letter)
    ]
    sentences = [sentence for sentence in _sentences(tokens) if any(map(is_sound, sentence))]
    if not sentences:
        raise NoSpeakableText(language.name)
    return [list(_pieces(sentence)) for sentence in sentences]


def _tokens(stretch: Stretch, letter: str) -> Iterable[Token]:
    text, ipa = stretch
    if not ipa:
        return LANGUAGES[letter].read(text)
    symbols = kokoro_symbols(ipa, letter)
    if unknown := next((one for one in symbols if one.isalpha() and one not in _IDS), ""):
        raise UnknownPhonemes(unknown, "Kokoro")
    return [Token(text, symbols)]


def ids_of(tokens: Iterable[Token]) -> tuple[int, ...]:
    return tuple(_IDS[symbol] for token in tokens for symbol in token.symbols)


def is_sound(token: Token) -> bool:
    return not _SILENT.issuperset(token.symbols)


def _known(symbols: str) -> str:
    return "".join(symbol for symbol in symbols if symbol in _IDS)


def _sentences(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Cut where a token ends in a final mark; quotes and brackets after it stay with it."""
    current: list[Token] = []
    is_ended = False
    for token in tokens:
        if is_ended and (is_sound(token) or token.symbols in _OPENING):
            yield _stripped(current)
            current, is_ended = [], False
        current.append(token)
        is_ended = is_ended or any(mark in token.symbols for mark in _SENTENCE_ENDS)
    yield _stripped(current)


def _pieces(sentence: list[Token]) -> Iterator[list[Token]]:
    rest = [part for token in sentence for part in _shortened(token)]
    while sum(len(token.symbols) for token in rest) > MAX_SYMBOLS:
        end = _cut_place(rest)
        yield _stripped(rest[:end])
        rest = rest[end:]
    yield _stripped(rest)


def _shortened(token: Token) -> Iterator[Token]:
    """One word of more symbols than a piece can have is cut anywhere."""
    for start in range(0, max(1, len(token.symbols)), MAX_SYMBOLS):
        yield Token(token.text, token.symbols[start : start + MAX_SYMBOLS])


def _cut_place(tokens: Sequence[Token]) -> int:
    """One past the last mark or space in the second half of what fits, else what fits."""
    ends: list[int] = []
    total = 0
    for i, token in enumerate(tokens):
        total += len(token.symbols)
        if total > MAX_SYMBOLS:
            break
        if total > MAX_SYMBOLS // 2:
            ends.append(i + 1)
    for marks in _CUTS:
        fit = [end for end in ends if any(mark in tokens[end - 1].symbols for mark in marks)]
        if fit:
            return fit[-1]
    return max([*ends[-1:], 1])


def _stripped(tokens: list[Token]) -> list[Token]:
    """Without spaces at both ends."""
    while tokens and not tokens[0].symbols.strip():
        tokens = tokens[1:]
    while tokens and not tokens[-1].symbols.strip():
        tokens = tokens[:-1]
    return tokens
