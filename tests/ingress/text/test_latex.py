"""Mathematics in LaTeX is read as a person would, and prices are no mathematics."""

from __future__ import annotations

import pytest

from ingress.selection import Speaker
from ingress.text.reading import read_text


def said(text: str, language: str = "EN") -> str:
    speaker = Speaker(language, None)
    pieces = read_text(text, speaker, lambda _: speaker, max_chars=5000).pieces
    return " ".join(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("sent", "spoken"),
    [
        ("$x^2 + y^2 = z^2$", "x squared plus y squared equals z squared"),
        (r"It is $\frac{1}{2}$ of $\sqrt{2}$.", "It is one half of the square root of two."),
        (r"$$E = mc^2$$", "E equals mc squared"),
        (r"\(a_1 + a_2\)", "a one plus a two"),
        (r"$\alpha \le 2\pi$", "alpha is at most two pi"),
        (r"$\frac{a+b}{c}$", "(a plus b) divided by c"),
        (r"$\frac{\sqrt{3}}{2}$", "(the square root of three) divided by two"),
        (r"$f(x) = 3x + 2$", "f(x) equals three x plus two"),
        (r"$e^{-x}$ and $10^{-6}$", "e to the power of minus x and ten to the power of minus six"),
        (r"$\sum_{i=1}^{n} i$", "the sum i equals one to n: i"),
        (r"\[\int_0^1 x\,dx\]", "the integral zero to one: x dx"),
        (r"$\text{speed} = 5$", "speed equals five"),
        (r"$-3 < x < 5$", "minus three is less than x is less than five"),
        ("The variable $n$ is odd.", "The variable n is odd."),
        ("<speak>$x^2$ &amp; more</speak>", "x squared and more"),
    ],
)
def test_a_formula_is_read(sent: str, spoken: str) -> None:
    assert said(sent) == spoken


def test_what_is_not_known_is_left_out() -> None:
    assert said(r"$\left\| \mathbb{R} \quad \foo{x} \right\|$ is it") == "R x is it"


def test_other_languages_say_it_in_their_words() -> None:
    assert said(r"$x^2 = \frac{3}{4}$", "FR") == "x au carré égale trois quarts"


@pytest.mark.parametrize(
    ("sent", "spoken"),
    [
        ("It costs $5 and he has $10.", "It costs five dollars and he has ten dollars."),
        ("from $5-$10", "from five to ten dollars"),
        ("US$20, A$30", "twenty US dollars, thirty Australian dollars"),
        ("set $HOME and $PATH", "set $HOME and $PATH"),
    ],
)
def test_prices_and_variables_are_no_formulas(sent: str, spoken: str) -> None:
    assert said(sent) == spoken
