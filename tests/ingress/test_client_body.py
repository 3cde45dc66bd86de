"""How "not given" is spelled, and unknown keys."""

from __future__ import annotations

from typing import Any

import pytest

from ingress.client_body import ClientBody, FileFormat, header_value, unknown_keys


class Inner(ClientBody):
    size: int = 3


class Outer(ClientBody):
    text: str
    title: str = ""
    name: str | None = None
    speed: float = 1.0
    words: list[str] = []
    inner: Inner = Inner()
    inners: list[Inner] = []
    file_format: FileFormat | None = None


def read(**fields: Any) -> Outer:
    return Outer.model_validate({"text": "Hi."} | fields)


@pytest.mark.parametrize(
    "nothing", [None, "", " ", "None", "NULL", " null ", "undefined", [], "[]", {}, "{}"]
)
def test_unset_is_the_default_of_every_optional_field(nothing: Any) -> None:
    names = ("name", "speed", "words", "inner", "inners", "file_format", "unknown")
    assert read(**dict.fromkeys(names, nothing)) == read()
    assert read(inner={"size": nothing}).inner.size == 3
    assert read(words=["a", nothing, "b"]).words == ["a", "b"]


def test_text_that_must_be_there_may_be_a_word_for_nothing() -> None:
    body = read(text="None", title="null")
    assert (body.text, body.title) == ("None", "null")


def test_unknown_keys_are_named_with_their_path() -> None:
    body = read(colour="blue", user=None, inner={"size": 1, "hue": 2}, inners=[{"a": 0}, {"a": 1}])
    assert sorted(unknown_keys(body)) == ["colour", "inner.hue", "inners.a", "inners.a"]


def test_a_flood_of_unknown_keys_stays_a_short_header() -> None:
    body = read(**{f"key{number}": 1 for number in range(10_000)})
    assert len(header_value(unknown_keys(body)).split(", ")) == 32


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a b", "a?b"), ("a\r\nset-cookie: x", "a??set-cookie??x"), ("é", "?"), ("a" * 99, "a" * 64)],
)
def test_a_header_holds_nothing_that_could_break_it(name: str, shown: str) -> None:
    assert header_value([name, name]) == shown


@pytest.mark.parametrize("spelled", ["wav", "WAV", "audio/wav", "wave", "audio/x-wav", " Wav "])
def test_formats(spelled: str) -> None:
    assert read(file_format=spelled).file_format == "wav"
