"""Errors of a text that a front end cannot turn into speech.

ValueError
└── NoSpeakableText
"""


class UnknownPhonemes(ValueError):
    """A pronunciation has a letter that the model has no sound for."""

    def __init__(self, letter: str, model: str) -> None:
        super().__init__(
            f"ph of <phoneme> has {letter!r}, which {model} has no sound for; write other IPA"
        )


class NoSpeakableText(ValueError):
    """The text holds nothing that the model has a sound for."""

    def __init__(self, language: str) -> None:
        """`language`: the name, in plain English, of what the model can read."""
        super().__init__(
            f"text: nothing in it can be spoken by this model; send at least one word in {language}"
        )
