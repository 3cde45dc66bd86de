"""What is read aloud of what people and assistants write."""

import pytest

from ingress.text.markup import spoken_text, visible_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("**bold** and *italic* and ~~gone~~", "bold and italic and gone"),
        ("`make serve` starts it", "make serve starts it"),
        ("## News", "News."),
        ("## 新闻", "新闻。"),
        ("Title\n=====\nText.", "Title.\n\nText."),
        ("- one\n- two!\n", "one.\n\ntwo!"),
        ("• one\n• two", "one.\n\ntwo."),
        ("1. Mix\n2. Bake", "1. Mix.\n\n2. Bake."),
        ("[the guide](https://example.com/a) helps", "the guide helps"),
        ("![a cat](cat.png) sits", "a cat sits"),
        ("see https://www.example.com/docs?x=1#y.", "see example.com/docs."),
        ("see <https://example.com>", "see example.com"),
        ("https://example.com/2026/11/26/a-very-long-slug-of-words", "example.com"),
        ("> A quote", "A quote."),
        ("|a|b|\n|-|-|\n|1|2|", "a, b.\n\n1, 2."),
        ("- [ ] Buy milk\n- [x] Pay", "Buy milk.\n\nPay."),
        ("Proven [^1] twice[^b].\n\n[^1]: By Euclid", "Proven twice.\n\nBy Euclid"),
        ("***\nAfter a line", "After a line"),
        ("line one<br>line two", "line one\nline two"),
        ("<b>bold</b> words", "bold words"),
        ("<p>Hello</p>", "Hello"),
        ("<p>Hi <b>you</b></p><ul><li>One</li><li>A &amp; B</li></ul>", "Hi you.\nOne.\nA & B."),
        ("<table><tr><td>Tea</td><td>$3</td></tr></table>", "Tea, $3"),
        ("<style>p {color: red}</style><p>Read</p>", "Read"),
        ("AT&amp;T", "AT&T"),
        ("Well done 👏🏽!", "Well done!"),
        ("Hi 👨‍👩‍👧 there 🇩🇪", "Hi there"),
        ("Acme™ © 2026", "Acme™ © 2026"),
        ("zero\u200bwidth and soft\u00adhyphen", "zerowidth and softhyphen"),
        (
            "Here is the **bold** text. ### A heading. * An item. [the guide](https://a.b/c)",
            "Here is the bold text.\n\nA heading.\n\nAn item. the guide.",
        ),
        ("Three things: - First - second", "Three things:\n\nFirst - second."),
    ],
)
def test_marks_are_not_read(written, read):
    assert spoken_text(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "Hello world. How are you?",
        "2 * 3 * 4 = 24, and 5 > 3 < 7.",
        "snake_case_names stay",
        "C# is a language, #1 in 2026.",
        "She said - quietly - no.",
        "Call +1 555 0100, or ~50 people.",
        "One line\nand another\n\nand a paragraph",
        "    Indented prose is prose",
        "E-mail me at joe@example.com [1].",
        "Über straße, 東京、привет",
        "$5 * 2; 50 % off!",
        "a-b--c",
    ],
)
def test_text_without_markup_stays_as_it_is(text):
    assert spoken_text(text) == text.strip()


def test_control_characters_separate_and_surrogates_go():
    assert visible_text("a\x00b\ud800c\u2028d") == "a b c\nd"


@pytest.mark.parametrize(
    "written", ["[" * 5000, "*" * 5000, "> " * 5000, "`" * 4999 + "x", "|" * 4000]
)
def test_hostile_markup_is_answered(written):
    assert isinstance(spoken_text(written), str)


def test_colours_of_a_terminal_are_not_read() -> None:
    assert visible_text("\x1b[1;31mred\x1b[0m text") == "red text"
