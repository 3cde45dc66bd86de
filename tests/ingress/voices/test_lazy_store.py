"""An ingress that stores no voices pays nothing for the store, and says how it would keep them."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from contract.errors import Unavailable
from ingress.settings import Settings
from ingress.voices.lazy_store import LazyStore
from ingress.voices.records import Action, AuditEvent, Consent, PageRequest

KEY = base64.b64encode(bytes(32)).decode()
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


@pytest.mark.parametrize(("keys", "is_warned"), [("", True), ("none", False), (KEY, False)])
async def test_an_operator_learns_that_recordings_are_not_encrypted(
    keys: str, is_warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = LazyStore(Settings(voices_db=f"sqlite:///{tmp_path}/voices.sqlite3", voices_keys=keys))
    await store.store()
    await store.aclose()
    assert ("set SPEECH_VOICES_KEYS" in caplog.text) == is_warned


async def test_encrypted_voices_are_not_mixed_with_others_because_a_secret_was_forgotten(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def opened(keys: str) -> LazyStore:
        return LazyStore(
            Settings(voices_db=f"sqlite:///{tmp_path}/voices.sqlite3", voices_keys=keys)
        )

    encrypting = opened(KEY)
    store = await encrypting.store()
    consent = Consent(name="Anna", language="en-US")
    event = AuditEvent("anybody", Action.CONSENT_CREATED, consent.id, "request")
    await store.add_consent(consent, b"recording", event, most=1)
    await encrypting.aclose()
    forgetful = opened("")
    with pytest.raises(Unavailable, match="ask its operator"):
        await forgetful.store()
    assert "SPEECH_VOICES_KEYS is empty" in caplog.text
    for keys in ("none", KEY):
        allowed = opened(keys)
        assert (await (await allowed.store()).consents("anybody", PageRequest(10))).records
        await allowed.aclose()
