"""A text as pieces that are spoken one after another. Its patterns take 0.15 s to compile, so only
who reads a text imports it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby

from contract.errors import InvalidRequest
from contract.pronunciation import annotated
from ingress.selection import Speaker
from ingress.text.interpretation import say_as
from ingress.text.latex import with_plain_mathematics
from ingress.text.markup import spoken_text, visible_text, without_emoji
from ingress.text.pieces import Piece, TextToSpeak
from ingress.text.sentences import split
from ingress.text.ssml import Break, Part, Words, is_ssml, parse
from ingress.text.vocabulary import locale_of
from ingress.text.written_forms import read_written_forms

SpeakerOf = Callable[[str], Speaker]
"""The voice of the model that speaks a language (a BCP 47 tag). Raises InvalidRequest."""
_SPACE = re.compile(r"\s+")
_NO_WORDS_S = 0.25
"""Silence for a text of marks alone: voice agents send an emoji as a sentence, and Home Assistant's
openai_tts tries a key with a full stop (sfortis/openai_tts, api_validation.py, _PROBE_PAYLOAD)."""


def read_text(
    text: str,
    speaker: Speaker,
    speaker_of: SpeakerOf,
    *,
    max_chars: int,
    normalize: bool = True,
    takes_phonemes: bool = False,
) -> TextToSpeak:
    """What is said of a text, in order. Without `normalize` all that is visible, marks included.

    Parses markup: call it off the event loop. Raises InvalidRequest that names `text`.
    """
    if len(text) > max_chars:
        raise InvalidRequest(
            f"text has {len(text)} characters; the most is {max_chars}", param="text"
        )
    if is_ssml(text):
        parts = parse(visible_text(text), param="text").parts
        ignored = list[str]()
        if not takes_phonemes and any(isinstance(one, Words) and one.ipa for one in parts):
            parts = [replace(one, ipa="") if isinstance(one, Words) else one for one in parts]
            ignored = ["phoneme"]
        spoken = _spoken_parts(parts, speaker, speaker_of, normalize=normalize)
        read = TextToSpeak(list(spoken), ignored)
    else:
        locale = locale_of(speaker.language, text)
        if normalize:
            plain = with_plain_mathematics(text, locale)
            words = read_written_forms(spoken_text(plain, keeps_schemes=locale.is_read), locale)
        else:
            words = visible_text(text)
        read = TextToSpeak([Piece(one, speaker) for one in split(words, locale.language)])
        if not read.pieces and any(char.isprintable() and char != " " for char in text):
            read.pieces.append(Piece("", speaker, after_s=_NO_WORDS_S))
    if not read.pieces:
        raise InvalidRequest("text has no words to speak", param="text")
    return read


def _spoken_parts(
    parts: Iterable[Part], speaker: Speaker, speaker_of: SpeakerOf, *, normalize: bool
) -> Iterable[Piece]:
    """One piece a sentence; a silence belongs to the piece before it, the first to the next."""
    before_s, last = 0.0, None
    for kind, group in groupby(parts, _what_belongs_together):
        if isinstance(kind, Break):
            if last is None:
                before_s += kind.seconds
            else:
                last = replace(last, after_s=(last.after_s or 0.0) + kind.seconds)
        elif isinstance(kind, Words):
            who = speaker_of(kind.language) if kind.language else speaker
            words = _read_words(list(group), who, normalize=normalize)
            for text in split(words, locale_of(who.language, words).language):
                if last is not None:
                    yield last
                last, before_s = Piece(text, who, kind.rate, before_s), 0.0
    if last is not None:
        yield last


def _what_belongs_together(part: Part) -> Part:
    """Words of one language and rate; every break and boundary is for itself."""
    return Words(language=part.language, rate=part.rate) if isinstance(part, Words) else part


def _read_words(parts: Iterable[Part], speaker: Speaker, *, normalize: bool) -> str:
    words = [part for part in parts if isinstance(part, Words)]
    whole = " ".join(part.text for part in words)
    read: list[str] = []
    for part in words:
        locale = locale_of(part.language or speaker.language, whole)
        text = _SPACE.sub(" ", part.text)
        if part.ipa:
            read.append(annotated(text, part.ipa))
        elif part.say_as:
            read.append(say_as(text, part.say_as, locale))
        elif normalize:
            plain = with_plain_mathematics(without_emoji(text), locale)
            read.append(read_written_forms(plain, locale))
        else:
            read.append(text)
    return "".join(read)
