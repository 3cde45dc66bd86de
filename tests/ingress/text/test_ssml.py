"""What is taken of SSML, and what is refused by its name."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidRequest
from ingress.text.ssml import MAX_DEPTH, Boundary, Break, SayAs, Script, Words, is_ssml, parse


def script(inner: str) -> Script:
    return parse(f"<speak>{inner}</speak>", param="input")


def refused(text: str) -> str:
    with pytest.raises(InvalidRequest) as caught:
        parse(text, param="input")
    assert caught.value.param == "input"
    return caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "<speak>Hello</speak>",
        '  \n<speak version="1.1" xml:lang="en">Hello</speak>',
        '<?xml version="1.0" encoding="UTF-16"?>\n<speak>Hello</speak>',
        "<speak/>",
    ],
)
def test_a_request_that_begins_with_speak_is_ssml(text: str) -> None:
    assert is_ssml(text)
    parse(text, param="input")


@pytest.mark.parametrize("text", ["Hello <speak>", "<speaker>", "speak", "<p>Hello</p>", ""])
def test_anything_else_is_not(text: str) -> None:
    assert not is_ssml(text)


@pytest.mark.parametrize(
    ("attributes", "seconds"),
    [
        ('time="500ms"', 0.5),
        ('time="1.5s"', 1.5),
        ('time=" 2S "', 2.0),
        ('time="0s"', 0.0),
        ("", 0.75),
        ('strength="none"', 0.0),
        ('strength="x-strong"', 1.25),
        ('strength="weak" time="3s"', 3.0),
    ],
)
def test_breaks(attributes: str, seconds: float) -> None:
    assert script(f"a<break {attributes}/>b").parts == [Words("a"), Break(seconds), Words("b")]


@pytest.mark.parametrize(
    ("rate", "factor"),
    [("slow", 0.64), ("x-fast", 2.0), ("120%", 1.2), ("+20%", 1.2), ("-20%", 0.8), ("1.5", 1.5)],
)
def test_rates(rate: str, factor: float) -> None:
    (words,) = script(f'<prosody rate="{rate}">quick</prosody>').parts
    assert isinstance(words, Words)
    assert words.rate == pytest.approx(factor)


def test_rates_inside_rates_multiply_and_end_with_their_element() -> None:
    inner = '<prosody rate="200%">a<prosody rate="50%">b</prosody>c</prosody>d'
    assert script(inner).parts == [
        Words("a", rate=2.0),
        Words("b"),
        Words("c", rate=2.0),
        Words("d"),
    ]


def test_languages_aliases_and_interpretations() -> None:
    inner = (
        'Say <lang xml:lang="fr-FR">bonjour</lang> to the '
        '<sub alias="World Wide Web">W<s>W</s>W</sub> at '
        '<say-as interpret-as="date" format="mdy">9/8</say-as>'
    )
    assert [part for part in script(inner).parts if isinstance(part, Words)] == [
        Words("Say "),
        Words("bonjour", language="fr-FR"),
        Words(" to the "),
        Words("World Wide Web"),
        Words(" at "),
        Words("9/8", say_as=SayAs("date", "mdy")),
    ]


def test_paragraphs_and_sentences_are_boundaries_and_entities_are_characters() -> None:
    parts = script("<p>AT&amp;T<!-- not spoken --> &lt;3</p>").parts
    assert parts == [Boundary(), Words("AT&T <3"), Boundary()]


def test_phonemes_go_with_their_words_or_stand_alone() -> None:
    made = script('<phoneme alphabet="IPA" ph="təˈmɑːtəʊ">tomato</phoneme>, <phoneme ph="haɪ"/>!')
    assert made.parts == [
        *(Words("tomato", ipa="təˈmɑːtəʊ"), Words(", "), Words("", ipa="haɪ"), Words("!")),
    ]


@pytest.mark.parametrize(
    ("inner", "named"),
    [
        ('<voice name="amy">x</voice>', "<voice>"),
        ('<audio src="http://example.com/x.wav"/>', "<audio>"),
        ("<emphasis>x</emphasis>", "<emphasis>"),
        ('<mark name="here"/>', "<mark>"),
        ("<speak>again</speak>", "<speak>"),
        ('<prosody rate="slow" pitch="+10%">x</prosody>', "'pitch' of <prosody>"),
        ('<prosody volume="loud">x</prosody>', "'volume' of <prosody>"),
        ("<prosody>x</prosody>", "rate"),
        ('<prosody rate="quickly">x</prosody>', "'quickly'"),
        ('<prosody rate="+2">x</prosody>', "'+2'"),
        ('<break time="soon"/>', "'soon'"),
        ('<break time="1h"/>', "'1h'"),
        ('<break strength="huge"/>', "strength"),
        ('<break time="11s"/>', "10s"),
        ('<break time="10s"/>' * 13, "120s"),
        ("<say-as>x</say-as>", "interpret-as"),
        ('<say-as interpret-as="song">x</say-as>', "'song'"),
        ("<lang>x</lang>", "xml:lang"),
        ("<sub>x</sub>", "alias"),
        ("<phoneme>x</phoneme>", "ph"),
        ('<phoneme alphabet="x-sampa" ph="x">x</phoneme>', "'x-sampa'"),
        (f'<phoneme ph="{"a" * 101}">x</phoneme>', "100"),
    ],
)
def test_anything_else_is_refused_by_its_name(inner: str, named: str) -> None:
    assert named in refused(f"<speak>{inner}</speak>")


@pytest.mark.parametrize(
    "text",
    ["<speak>", "<speak>a & b</speak>", "<speak>&nbsp;</speak>", "<speak></speak>x", "<speak a>"],
)
def test_what_is_no_xml_is_refused_with_its_place(text: str) -> None:
    message = refused(text)
    assert "line 1" in message
    assert "&amp;" in message


BILLION_LAUGHS = (
    "<!DOCTYPE speak [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1 or str()};' * 10}'>" for n in range(1, 10))
    + "]>"
)


@pytest.mark.parametrize(
    "doctype",
    [
        BILLION_LAUGHS,
        '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE speak SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE speak [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    ],
)
def test_no_document_type_is_read(doctype: str) -> None:
    text = f"{doctype}<speak>&a9;&x;</speak>"
    assert is_ssml(text), "else it would be read aloud"
    assert "<!DOCTYPE>" in refused(text)


def test_deep_nesting_is_refused_and_wide_is_not() -> None:
    assert str(MAX_DEPTH) in refused("<speak>" + "<p>" * 100_000)
    assert "deep" in refused("<speak>" + "<p>" * 40 + "x" + "</p>" * 40 + "</speak>")
    assert len(script("<s>x</s>" * 10_000).parts) == 30_000


@given(st.text(max_size=300))
def test_any_text_in_it_is_taken_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidRequest):
        assert all(part != Words() for part in script(text).parts)
