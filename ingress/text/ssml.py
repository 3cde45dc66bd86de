"""The part of SSML that is understood (w3.org/TR/speech-synthesis11): who reads what, how, when.

<speak>, <p>, <s>, <break>, <prosody rate>, <say-as>, <sub>, <phoneme> and <lang>. Every other
element or attribute is refused by its name. No document type, so no entities of the sender's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from xml.parsers import expat

from contract.errors import InvalidRequest, shown
from ingress.wording import quoted

MAX_DEPTH = 32
MAX_BREAK_S = 10.0
MAX_SILENCE_S = 120.0
_LONGEST_IPA = 100
"""Of all breaks of a request together."""

_BEGINS = re.compile(
    r"\s{0,64}(?:<\?xml[^<>]{0,128}\?>\s{0,64})?<(?:speak(?=[\s/>])|!DOCTYPE\s{1,64}speak\b)"
)
_STRENGTHS_S = {
    **{"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25},
}
"""Azure's (learn.microsoft.com, "Customize voice and sound with SSML"): the standard has none."""
_RATES = {
    **{"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0},
}
"""Azure's as well."""
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(ms|s)")
_RATE = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,6})?)(%?)")
_ATTRIBUTES = {
    "speak": ("version", "xml:lang", "xmlns", "xmlns:xsi", "xsi:schemaLocation", "xml:base"),
    "p": (),
    "s": (),
    "break": ("time", "strength"),
    "prosody": ("rate",),
    "say-as": ("interpret-as", "format", "detail"),
    "sub": ("alias",),
    "phoneme": ("alphabet", "ph"),
    "lang": ("xml:lang",),
}


@dataclass(frozen=True, slots=True)
class SayAs:
    kind: str
    format: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A stretch of text, and what surrounds it."""

    text: str = ""
    language: str | None = None
    rate: float = 1.0
    say_as: SayAs | None = None
    ipa: str = ""
    """How the text is pronounced."""


@dataclass(frozen=True, slots=True)
class Break:
    """Silence."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Boundary:
    """A sentence or a paragraph begins or ends."""


Part = Words | Break | Boundary


@dataclass(slots=True)
class Script:
    parts: list[Part] = field(default_factory=list)


def is_ssml(text: str) -> bool:
    return _BEGINS.match(text) is not None


def parse(text: str, *, param: str) -> Script:
    """Raises InvalidRequest that names `param` and the element."""
    parser = expat.ParserCreate("utf-8")
    reader = _Reader(param)
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise InvalidRequest(
            f"{param} begins with <speak> but is not well-formed XML: "
            f"{expat.ErrorString(error.code)} in line {error.lineno}, column {error.offset + 1}; "
            "close every element, and write & as &amp; and < as &lt;",
            param=param,
        ) from None
    return reader.script


class _Reader:
    """Turns elements into parts; keeps what holds inside every open element."""

    def __init__(self, param: str) -> None:
        self.script = Script()
        self._param = param
        self._open = [Words()]
        self._muted = 0
        """Open elements whose text is replaced by an alias."""
        self._silence_s = 0.0
        self._begin: dict[str, Callable[[dict[str, str], Words], Words]] = {
            "speak": self._lang,
            "p": self._boundary,
            "s": self._boundary,
            "break": self._break,
            "prosody": self._prosody,
            "say-as": self._say_as,
            "sub": self._sub,
            "phoneme": self._phoneme,
            "lang": self._required_lang,
        }

    def doctype(self, *_: object) -> None:
        raise self._refusal("a document type (<!DOCTYPE>) is not supported; remove it")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name not in _ATTRIBUTES or (name == "speak") != (len(self._open) == 1):
            supported = ", ".join(f"<{one}>" for one in _ATTRIBUTES if one != "speak")
            raise self._refusal(
                f"<{shown(name)}> is not supported; remove it. Supported: {supported}"
            )
        if unknown := [one for one in attributes if one not in _ATTRIBUTES[name]]:
            raise self._refusal(
                f"attribute {quoted(unknown[0])} of <{name}> is not supported; remove it"
            )
        if len(self._open) > MAX_DEPTH:
            raise self._refusal(f"elements are nested more than {MAX_DEPTH} deep")
        self._open.append(self._begin[name](attributes, self._open[-1]))
        self._muted += bool(self._muted or name == "sub")

    def end(self, name: str) -> None:
        ended = self._open.pop()
        self._muted -= bool(self._muted)
        if name in ("p", "s"):
            self.script.parts.append(Boundary())
        elif name == "phoneme" and self._says_nothing(ended.ipa):
            self.script.parts.append(replace(ended, text=""))

    def _says_nothing(self, ipa: str) -> bool:
        """Whether a pronunciation has ended that stands around no words."""
        last = self.script.parts[-1] if self.script.parts else None
        return not self._muted and not (isinstance(last, Words) and last.ipa == ipa)

    def characters(self, text: str) -> None:
        if not self._muted and text:
            self.script.parts.append(replace(self._open[-1], text=text))

    def _lang(self, attributes: dict[str, str], outer: Words) -> Words:
        return replace(outer, language=attributes.get("xml:lang") or outer.language)

    def _required_lang(self, attributes: dict[str, str], outer: Words) -> Words:
        self._require(attributes, "xml:lang", "lang")
        return self._lang(attributes, outer)

    def _boundary(self, _: dict[str, str], outer: Words) -> Words:
        self.script.parts.append(Boundary())
        return outer

    def _break(self, attributes: dict[str, str], outer: Words) -> Words:
        seconds = self._seconds(attributes)
        self._silence_s += seconds
        if seconds > MAX_BREAK_S or self._silence_s > MAX_SILENCE_S:
            raise self._refusal(
                f"a <break> is at most {MAX_BREAK_S:.0f}s long, and all together "
                f"{MAX_SILENCE_S:.0f}s"
            )
        self.script.parts.append(Break(seconds))
        return outer

    def _seconds(self, attributes: dict[str, str]) -> float:
        if time := attributes.get("time", "").strip().lower():
            found = _TIME.fullmatch(time)
            if found is None:
                raise self._refusal(f"time of <break> is {quoted(time)}; write 500ms or 1.5s")
            return float(found[1]) / (1000 if found[2] == "ms" else 1)
        strength = attributes.get("strength", "medium").strip().lower()
        if strength not in _STRENGTHS_S:
            raise self._refusal(f"strength of <break> must be one of: {', '.join(_STRENGTHS_S)}")
        return _STRENGTHS_S[strength]

    def _prosody(self, attributes: dict[str, str], outer: Words) -> Words:
        rate = self._require(attributes, "rate", "prosody").lower()
        if rate in _RATES:
            return replace(outer, rate=outer.rate * _RATES[rate])
        found = _RATE.fullmatch(rate)
        if found is None or (found[1] and not found[3]):
            raise self._refusal(
                f"rate of <prosody> is {quoted(rate)}; write 80%, +20%, 1.2, "
                f"or one of: {', '.join(_RATES)}"
            )
        value = float(found[2]) / (100 if found[3] else 1)
        factor = 1 + value * (1 if found[1] == "+" else -1) if found[1] else value
        return replace(outer, rate=outer.rate * factor)

    def _say_as(self, attributes: dict[str, str], outer: Words) -> Words:
        kind = self._require(attributes, "interpret-as", "say-as").lower()
        if kind not in SAY_AS:
            raise self._refusal(
                f"interpret-as {quoted(kind)} of <say-as> is not supported; "
                f"use one of: {', '.join(SAY_AS)}"
            )
        wanted = attributes.get("format") or attributes.get("detail") or ""
        return replace(outer, say_as=SayAs(kind, wanted.strip()))

    def _sub(self, attributes: dict[str, str], outer: Words) -> Words:
        alias = self._require(attributes, "alias", "sub")
        if not self._muted:
            self.script.parts.append(replace(outer, text=alias))
        return outer

    def _phoneme(self, attributes: dict[str, str], outer: Words) -> Words:
        alphabet = attributes.get("alphabet", "ipa").strip().lower()
        if alphabet != "ipa":
            raise self._refusal(
                f"alphabet {quoted(alphabet)} of <phoneme> is not supported; use ipa"
            )
        ipa = self._require(attributes, "ph", "phoneme")
        if len(ipa) > _LONGEST_IPA:
            raise self._refusal(f"ph of <phoneme> is longer than {_LONGEST_IPA} characters")
        return replace(outer, ipa=ipa)

    def _require(self, attributes: dict[str, str], name: str, element: str) -> str:
        value = attributes.get(name, "").strip()
        if not value:
            raise self._refusal(f"<{element}> needs the attribute {name}")
        return value

    def _refusal(self, message: str) -> InvalidRequest:
        return InvalidRequest(f"{self._param} is SSML in which {message}", param=self._param)


SAY_AS = (
    *("characters", "spell-out", "verbatim", "digits", "cardinal", "number", "ordinal", "date"),
    *("time", "telephone", "currency", "unit", "fraction", "year"),
)
