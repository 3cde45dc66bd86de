"""Opens the store of voices when it is first used: an ingress that stores none pays nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from contract.errors import InvalidRequest, Unavailable
from ingress.settings import Settings
from ingress.voices.encryption_keys import UNENCRYPTED, read_encryption_keys
from ingress.voices.location import Location, location_of

if TYPE_CHECKING:  # imported when the first voice is stored
    from ingress.voices.database import SqlVoiceStore

logger = logging.getLogger(__name__)


class LazyStore:
    """Opens the store once, for all who wait for it; tries again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._location: Location | None = location_of(settings.voices_db.get_secret_value())
        self._opened: SqlVoiceStore | None = None
        self._lock = asyncio.Lock()

    async def store(self) -> SqlVoiceStore:
        """Raises Unavailable; InvalidRequest where there is none."""
        if self._location is None:
            raise InvalidRequest(
                "voices cannot be stored on this server; its operator can set SPEECH_VOICES_DB"
            )
        async with self._lock:
            if self._opened is None:
                self._opened = await self._open(self._location)
        return self._opened

    async def existing(self) -> SqlVoiceStore | None:
        """None while nothing can have been stored: to look makes no file and imports nothing."""
        if self._opened is not None:
            return self._opened
        location = self._location
        if location is None:
            return None
        if location.path is not None and not await asyncio.to_thread(location.path.exists):
            return None
        return await self.store()

    async def aclose(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.aclose()

    async def _open(self, location: Location) -> SqlVoiceStore:
        store = await asyncio.to_thread(_new_store, location, self._settings)
        try:
            await store.prepare()
            if not self._settings.voices_keys.get_secret_value().strip():
                await _check_unencrypted(store)
        except BaseException:
            await store.aclose()
            raise
        return store


async def _check_unencrypted(store: SqlVoiceStore) -> None:
    """As after a restart whose secret was forgotten, what comes would lie open beside the rest.

    Raises Unavailable."""
    if await store.holds_encrypted():
        logger.error(
            "stored voices are encrypted and SPEECH_VOICES_KEYS is empty; set it, or to %r, "
            "which keeps what comes unencrypted",
            UNENCRYPTED,
        )
        raise Unavailable("stored voices cannot be used on this server; ask its operator")
    logger.warning("recordings of voices are not encrypted; set SPEECH_VOICES_KEYS to do it")


def _new_store(location: Location, settings: Settings) -> SqlVoiceStore:
    """Imports what takes half a second: call it in a thread."""
    try:
        from ingress.voices.database import SqlVoiceStore
        from ingress.voices.encryption import RecordCipher
    except ImportError as exc:
        logger.error("SPEECH_VOICES_DB needs the extra harmony-speech[voices]: %s", exc)
        raise Unavailable("voices cannot be stored on this server; ask its operator") from exc
    cipher = RecordCipher(read_encryption_keys(settings.voices_keys.get_secret_value()))
    return SqlVoiceStore(location, cipher, settings.voices_db_timeout_s)
