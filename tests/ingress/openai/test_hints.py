from __future__ import annotations

import pytest

from contract.errors import InvalidRequest
from ingress.openai.hints import hints


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ((), (None, None)),
        (("German", "de-CH"), ("de", None)),
        (("fr", "", "German"), (None, "fr,de")),
        (("auto", "de"), (None, None)),  # whatever else is named, all may be heard
    ],
)
def test_languages_to_detect_among(
    spelled: tuple[str, ...], expected: tuple[str | None, str | None]
) -> None:
    found = hints(None, spelled, None, ())
    assert (found["language"], found["languages"]) == expected


def test_one_language_goes_before_several() -> None:
    found = hints("it", ["fr", "de"], None, ())
    assert (found["language"], found["languages"]) == ("it", None)


def test_an_error_names_the_field_as_the_client_has_it() -> None:
    with pytest.raises(InvalidRequest) as refused:
        hints(None, ["Klingon"], None, (), within="session.audio.input.transcription.")
    assert refused.value.param == "session.audio.input.transcription.languages"


def test_words_are_cut_between_two_of_them_and_a_prompt_at_its_beginning() -> None:
    found = hints(None, (), "x" * 5000 + "the end", ["", "word", *["another word"] * 200])
    assert found["prompt"].endswith("the end")
    assert len(found["prompt"]) == 4096
    assert found["hotwords"].startswith("word, another word, ")
    assert set(found["hotwords"].split(", ")) == {"word", "another word"}
    assert len(found["hotwords"]) <= 1024
