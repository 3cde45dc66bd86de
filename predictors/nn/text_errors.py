"""What a text front end found, as the error that a caller gets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contract.errors import InvalidRequest, ModelFailed
from predictors.text.errors import NoSpeakableText, UnknownPhonemes
from predictors.text.optional_library import MissingLibraryError


@contextmanager
def text_errors() -> Iterator[None]:
    """Raises InvalidRequest for a text that cannot be spoken, and ModelFailed where a library of
    its language is not installed."""
    try:
        yield
    except (NoSpeakableText, UnknownPhonemes) as exc:
        raise InvalidRequest(str(exc), param="text") from exc
    except MissingLibraryError as exc:
        raise ModelFailed(str(exc)) from exc
