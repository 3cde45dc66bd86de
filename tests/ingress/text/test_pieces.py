"""From a text to pieces: what is said, by whom, how fast, with what silence."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import InvalidRequest
from ingress.selection import Speaker
from ingress.text.pieces import Piece, packed_pieces, with_early_start
from ingress.text.reading import read_text
from ingress.text.sentences import MAX_PIECE_CHARS, PACKED_CHARS

JOE = Speaker("EN", "joe")


def speaker_of(language: str) -> Speaker:
    return JOE if language.startswith("en") else Speaker("FR", "claire")


def read(text: str, *, normalize: bool = True, max_chars: int = 100_000) -> list[Piece]:
    return read_text(text, JOE, speaker_of, max_chars=max_chars, normalize=normalize).pieces


def said(text: str, *, normalize: bool = True) -> list[str]:
    return [piece.text for piece in read(text, normalize=normalize)]


def test_markup_and_written_forms_are_read_and_sentences_split() -> None:
    assert said("## News\n- It costs **$3.50**. See https://example.com/docs\n") == [
        "News.",
        "It costs three dollars and fifty cents.",
        "See example dot com slash docs.",
    ]


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        ("EN", 'Dr. Li met Mr. J. R. Lee at 5 p.m. "Is it?" she asked. Yes!', [3, "Yes!"]),
        (
            "EN",
            "It cost $3.50, i.e. nothing.See Fig. 3 and No. 5. The U.S. is big...",
            [3, "The U.S."],
        ),
        (
            "ES",
            "El Sr. Gil vino a las 5. ¿Cómo está? ¡Bien! La Dra. Ruiz (EE. UU.) no.",
            [4, "La Doc"],
        ),
        ("FR", "M. Dupont et Mme. Roy sont là. Qu'est-ce ? Rien ! Cf. p. 5. Fin", [5, "Fin"]),
        (
            "DE",
            "Dr. Weiß kam am 3. Mai z. B. um 9. Er sagte: „Ja.“ Das ist Nr. 5.",
            [3, "Das ist Nu"],
        ),
        (
            "IT",
            "Il sig. Rossi è qui. Come sta? Bene! L'art. 5 dice così, ecc. Poi basta.",
            [5, "Poi"],
        ),
        ("PT", "O Sr. Silva chegou. Tudo bem? Sim! Av. Paulista, n.º 5, etc. Fim.", [5, "Fim."]),
        ("JP", "こんにちは。元気ですか？３．５個ある。終わり", [4, "終わり"]),
        ("ZH", "你好。天气很好！他说：“是的。我去。”真的吗？3.5元。", [5, "3.5元。"]),
        ("HI", "नमस्ते। आप कैसे हैं? डॉ. शर्मा आए। मूल्य 3.5 है। अंत", [5, "अंत"]),
        ("KR", "안녕하세요. 어떻게 지내세요? 가격은 3.5달러입니다. 끝", [4, "끝"]),
        ("RU", "Привет. Как дела? Хорошо! Цена 3.5 рубля.", [4, "Цена 3.5"]),
        (None, "नमस्ते। आप कैसे हैं?", [2, "आप"]),
    ],
)
def test_sentences_end_where_a_reader_of_the_language_pauses(
    language: str | None, text: str, sentences: list[int | str]
) -> None:
    speaker = Speaker(language, None)
    made = read_text(text, speaker, lambda _: speaker, max_chars=1000).pieces
    count, last = sentences
    assert len(made) == count, made
    assert made[-1].text.startswith(str(last))


def test_without_normalize_all_that_is_visible_stays() -> None:
    assert said("**It** costs $3.50 \u200b🎉", normalize=False) == ["**It** costs $3.50 🎉"]


@pytest.mark.parametrize("text", [".", "...", "🎉", " — ", "**", "\n?!\n"])
@pytest.mark.parametrize("normalize", [True, False])
def test_marks_without_words_are_a_moment_of_silence(text: str, normalize: bool) -> None:
    (piece,) = read(text, normalize=normalize)
    assert (piece.text, piece.after_s) == ("", 0.25)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x00\x01", "\ud800", "<speak/>"])
@pytest.mark.parametrize("normalize", [True, False])
def test_text_with_nothing_in_it_is_refused(text: str, normalize: bool) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read(text, normalize=normalize)
    assert caught.value.param == "text"


def test_characters_are_counted_as_sent() -> None:
    assert read("9" * 100, max_chars=100)
    with pytest.raises(InvalidRequest, match="101 characters; the most is 100"):
        read("9" * 101, max_chars=100)


def test_control_characters_are_dropped_and_line_breaks_kept() -> None:
    assert said("a\x00b\nc\ud800") == ["a b\nc"]


def test_silences_stand_before_the_first_and_after_every_other_piece() -> None:
    ssml = '<speak><break time="1s"/>One.<break time="2s"/><break time="500ms"/> Two.</speak>'
    assert read(ssml) == [Piece("One.", JOE, before_s=1.0, after_s=2.5), Piece("Two.", JOE)]


def test_rate_and_language_change_for_their_words_only() -> None:
    ssml = (
        '<speak>It is <prosody rate="150%">in 1999</prosody>, '
        '<lang xml:lang="fr-FR">le 1er mai</lang>.</speak>'
    )
    assert read(ssml) == [
        Piece("It is", JOE),
        Piece("in nineteen ninety-nine", JOE, rate=1.5),
        Piece("le premier mai", Speaker("FR", "claire")),
    ]


@pytest.mark.parametrize(
    ("attributes", "sent", "spoken"),
    [
        ('"characters"', "abC-12", "A B C dash one two"),
        ('"spell-out"', "U.N.", "U dot N dot"),
        ('"digits"', "2026", "two zero two six"),
        ('"cardinal"', "2026", "two thousand twenty-six"),
        ('"number"', "1,234", "one thousand two hundred thirty-four"),
        ('"ordinal"', "3", "third"),
        ('"date" format="dmy"', "11/12/2026", "December eleventh, twenty twenty-six"),
        ('"date" format="mdy"', "11/12/2026", "November twelfth, twenty twenty-six"),
        ('"date" format="md"', "9/8", "September eighth"),
        ('"date"', "2026-11-27", "November twenty-seventh, twenty twenty-six"),
        ('"time"', "2:30pm", "two thirty PM"),
        ('"telephone"', "+1 555-0100", "plus one, five five five, zero one zero zero"),
        ('"telephone" format="1"', "2125", "two one two five"),
        ('"currency"', "$42.01", "forty-two dollars and one cent"),
        ('"currency" detail="EUR"', "42.01", "forty-two euros and one cent"),
        ('"unit"', "5 km", "five kilometers"),
        ('"fraction"', "3/4", "three quarters"),
        ('"year"', "1999", "nineteen ninety-nine"),
        ('"ordinal"', "third", "third"),
        ('"date"', "yesterday", "yesterday"),
    ],
)
def test_say_as(attributes: str, sent: str, spoken: str) -> None:
    ssml = f"<speak>So <say-as interpret-as={attributes}>{sent}</say-as> it is.</speak>"
    assert said(ssml) == [f"So {spoken} it is."]


def test_without_normalize_only_what_ssml_asks_for_is_read() -> None:
    ssml = '<speak>It is 5, <say-as interpret-as="ordinal">5</say-as>.</speak>'
    assert said(ssml, normalize=False) == ["It is 5, fifth."]


def test_line_ends_inside_ssml_are_spaces() -> None:
    assert said("<speak>\n  <p>One\n  line.</p>\n  <p>Two</p>\n</speak>") == ["One line.", "Two"]


def test_packing_joins_neighbours_up_to_a_limit_and_never_over_a_silence() -> None:
    pieces = read(" ".join(f"Sentence {number} is here." for number in range(200)))
    joined = packed_pieces(pieces)
    assert all(len(piece.text) <= PACKED_CHARS for piece in joined)
    assert 1 < len(joined) < 20
    assert " ".join(one.text for one in joined) == " ".join(one.text for one in pieces)
    ssml = '<speak>One. Two.<break time="1s"/>Three. <prosody rate="2">Four.</prosody></speak>'
    assert packed_pieces(read(ssml)) == [
        Piece("One. Two.", JOE, after_s=1.0),
        Piece("Three.", JOE),
        Piece("Four.", JOE, rate=2.0),
    ]


@given(st.text(max_size=500), st.booleans())
def test_any_text_becomes_short_pieces_or_is_refused(text: str, normalize: bool) -> None:
    try:
        pieces = read(text, normalize=normalize)
    except InvalidRequest:
        return
    is_silence = [(piece.text, piece.after_s) for piece in pieces] == [("", 0.25)]
    assert is_silence or all(0 < len(piece.text) <= MAX_PIECE_CHARS for piece in pieces)


@pytest.mark.parametrize("unit", ["*", "[", "- ", "> ", "`", "|a", "<p>", "_a_", "**a", "(1) "])
def test_a_megabyte_is_refused_unread_and_what_is_allowed_is_read(unit: str) -> None:
    with pytest.raises(InvalidRequest, match="the most is 20000"):
        read(unit * 1_000_000, max_chars=20_000)
    text = "word " + unit * ((20_000 - 5) // len(unit))
    assert said(text)[0].startswith("word")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "In the early morning, when the fog still lay on the river, he left.",
            ["In the early morning,", "when the fog still lay on the river, he left."],
        ),
        (
            "Well, in the early morning, when the fog lay on the river, he left.",
            ["Well, in the early morning,", "when the fog lay on the river, he left."],
        ),
        ("It cost 1,000,000 dollars in all of those long and empty years.", None),
        ("Short, and over soon.", None),
        ("There is no place at all where this long sentence could be cut.", None),
        (
            "今日はとても天気がいいので、みんなで近くの公園まで散歩に行きました。",
            ["今日はとても天気がいいので、", "みんなで近くの公園まで散歩に行きました。"],
        ),
    ],
)
def test_a_long_first_sentence_starts_with_its_first_clause(
    text: str, pieces: list[str] | None
) -> None:
    given = [Piece(one, JOE) for one in (text, "And then.")]
    begun = with_early_start(given, 30)
    assert [piece.text for piece in begun[:-1]] == (pieces or [given[0].text])
    assert begun[-1] == given[-1]
    assert begun[0].after_s == (0.15 if pieces else None)
    assert with_early_start(given, 0) == given


def test_silences_around_a_first_sentence_stay_around_it() -> None:
    [given] = read(
        "<speak><break time='1s'/>In the early morning, when nobody saw it, he left."
        "<break time='2s'/></speak>"
    )
    begin, rest = with_early_start([given], 30)
    assert (begin.before_s, rest.before_s, rest.after_s) == (1.0, 0.0, 2.0)


def test_an_ingress_starts_without_what_only_speech_needs() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import sys, ingress.app; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    late = {"babel", "emoji", "ingress.text.reading", "markdown_it", "phonenumbers", "unicode_rbnf"}
    assert not late & set(found.stdout.split())
