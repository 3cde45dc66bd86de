"""Errors cross the wire as what they are."""

import re

import pytest

from contract import errors
from contract.errors import InvalidRequest, SpeechError


def every_error(root=SpeechError):
    return [root, *(one for child in root.__subclasses__() for one in every_error(child))]


OURS = [kind for kind in every_error() if kind.__module__ == "contract.errors"]


@pytest.mark.parametrize("kind", OURS)
def test_the_drawn_tree_is_the_real_one(kind):
    line = next(
        line for line in errors.__doc__.splitlines() if re.search(rf"\b{kind.__name__}\b", line)
    )
    if kind is not SpeechError:
        assert str(kind.status) in line


def test_codes_are_unique():
    assert len({kind.code for kind in OURS}) == len(OURS)


def test_only_errors_of_the_moment_are_worth_another_try():
    transient = {kind.__name__ for kind in OURS if kind.is_transient}
    assert transient == {"Unavailable", "NotReached", "ModelNotReady"}


def test_an_error_is_renamed_in_field_and_message():
    error = InvalidRequest("audio is silent; send audio", param="audio").renamed({"audio": "input"})
    assert (error.param, error.message) == ("input", "input is silent; send audio")
    for param in ("audios", None):
        other = InvalidRequest("audios are many", param=param).renamed({"audio": "input"})
        assert (other.param, other.message) == (param, "audios are many")
