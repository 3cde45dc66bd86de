"""An ingress that stores no voices pays nothing for the store, and says how it would keep them."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from ingress.settings import Settings
from ingress.voices.lazy_store import LazyStore

LATE = ("sqlalchemy", "alembic", "aiosqlite", "asyncpg", "cryptography")


def test_the_ingress_starts_without_the_libraries_of_the_store() -> None:
    program = f"""
import sys
import ingress.server
print([name for name in {LATE!r} if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("keys", "is_warned"), [("", True), (base64.b64encode(bytes(32)).decode(), False)]
)
async def test_an_operator_learns_that_recordings_are_not_encrypted(
    keys: str, is_warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a restart whose secret was forgotten."""
    store = LazyStore(Settings(voices_db=f"sqlite:///{tmp_path}/voices.sqlite3", voices_keys=keys))
    await store.store()
    await store.aclose()
    assert ("set SPEECH_VOICES_KEYS" in caplog.text) == is_warned
