"""Why a model did not load, in words: for its callers, and for the log."""

from __future__ import annotations

from contract.errors import SpeechError, shown

_LONGEST_CAUSE = 300


def for_callers(name: str, error: Exception) -> str:
    """What a caller may know: our own errors' words, nothing of a library's, which holds paths."""
    if isinstance(error, SpeechError):
        return error.message
    return f"{name} could not be loaded; the server's log tells why"


def cause(error: Exception) -> str:
    """What lay under an error of ours, in a line: it comes again with every try to load."""
    below = error.__cause__
    text = " ".join(str(below).split()) if below else ""
    return f" ({type(below).__name__}: {shown(text, _LONGEST_CAUSE)})" if below else ""
