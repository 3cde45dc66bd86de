"""One session on the realtime socket. READ FIRST.

Four parts run side by side until the client leaves or a bound ends the session: the Reader takes
the client's events, the Listener finds where turns begin and end, the Transcriber asks for their
text, the Outbox sends the server's events. All state is here, at the ingress; models are asked by
single requests, which predictors batch across sessions.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from contract.base64_text import from_base64
from contract.errors import InvalidRequest, ModelFailed, SpeechError
from ingress import metrics as ingress_metrics
from ingress.realtime import events
from ingress.realtime.activity import SpeechActivity
from ingress.realtime.asking import model_of, options_of
from ingress.realtime.calls import Calls
from ingress.realtime.config import SessionConfig
from ingress.realtime.kept import KeptSound
from ingress.realtime.listening import Listener
from ingress.realtime.outbox import Outbox
from ingress.realtime.reader import LARGE, Reader
from ingress.realtime.transcription import Transcriber
from ingress.realtime.turn import Turn
from ingress.request_state import RequestState

logger = logging.getLogger(__name__)

PATH = "/v1/realtime"
_NORMAL, _POLICY, _ERROR = 1000, 1008, 1011
"""Codes of a close (RFC 6455, section 7.4.1)."""


class Session:
    """From the accepted socket to its end."""

    def __init__(
        self, socket: WebSocket, calls: Calls, state: RequestState, config: SessionConfig
    ) -> None:
        settings = calls.app_state.settings
        self._calls, self._state, self._config = calls, state, config
        self._most_s = settings.realtime_session_s
        self._id = events.new_id("sess")
        self._expires_at = int(time.time() + self._most_s)
        self._outbox = Outbox(socket)
        send = self._outbox.put
        self._listener = Listener(
            config, SpeechActivity(calls), send, self._turn_ended, self._stream_rated
        )
        self._transcriber = Transcriber(calls, self._listener, send, settings.realtime_delta_s)
        self._kept = KeptSound(
            self._listener,
            self._transcriber,
            most_s=settings.realtime_buffer_s,
            memory=calls.app_state.bounds.memory,
            state=state,
        )
        handlers = {
            "session.update": self._update,
            "transcription_session.update": self._update_by_old_fields,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
        }
        self._reader = Reader(socket, calls.app_state, handlers, send)

    async def run(self) -> None:
        """Until one of the parts ends. The others are cancelled, and with them their calls."""
        self._outbox.put(self._session_event("session.created"))
        await self._wake()
        parts = (self._reader, self._listener, self._transcriber, self._outbox)
        tasks = [asyncio.create_task(part.run()) for part in parts]
        reason: SpeechError | None = None
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=self._most_s, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
            reason = events.SessionExpired(f"the session has lasted {self._most_s / 60:g} minutes")
        except WebSocketDisconnect:
            pass
        except SpeechError as error:
            reason = error
        except Exception:
            logger.exception("session %s failed", self._id)
            reason = ModelFailed("internal error; the server's log tells more")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if reason is not None:
            await self._close(reason)

    async def _close(self, reason: SpeechError) -> None:
        self._state.error_code = reason.code
        code = _ERROR if reason.status >= 500 else _POLICY
        is_normal = isinstance(reason, events.SessionExpired)
        with suppress(WebSocketDisconnect, RuntimeError, TimeoutError):  # it has gone already
            await self._outbox.close(events.error(reason), _NORMAL if is_normal else code)

    # The client's events ----------------------------------------------------------------------

    async def _update(self, client_event: dict[str, Any]) -> None:
        await self._configure(client_event.get("session"))
        self._outbox.put(self._session_event("session.updated"))

    async def _update_by_old_fields(self, client_event: dict[str, Any]) -> None:
        await self._configure(client_event.get("session"))
        self._outbox.put(self._session_event("transcription_session.updated"))

    async def _configure(self, session: Any) -> None:
        config = self._config.updated(session)
        if config.transcription is not None:
            await self._calls.app_state.in_thread(options_of, config.transcription)
            model_of(self._calls, config.transcription.model)
        self._config = config
        self._listener.configure(config)
        await self._wake()

    async def _append(self, client_event: dict[str, Any]) -> None:
        text = client_event.get("audio")
        if not isinstance(text, str):
            raise InvalidRequest("audio is required; send base64", param="audio")
        if not text:
            return
        data = await self._off_loop(len(text), from_base64, text, param="audio")
        seconds = self._listener.duration_s(data)
        if not self._kept.admits(seconds):
            return
        sound = await self._off_loop(len(text), self._listener.decode, data)
        self._state.audio_in_s += seconds
        ingress_metrics.AUDIO_SECONDS.labels(PATH, "in").inc(seconds)
        self._listener.append(sound)
        self._transcriber.look()

    async def _commit(self, _: dict[str, Any]) -> None:
        self._listener.commit()

    async def _clear(self, _: dict[str, Any]) -> None:
        self._listener.clear()
        self._transcriber.give_up()
        self._outbox.put(events.event("input_audio_buffer.cleared"))

    # The rest ---------------------------------------------------------------------------------

    def _turn_ended(self, turn: Turn, config: SessionConfig) -> None:
        self._transcriber.finish(turn, config)

    def _stream_rated(self) -> None:
        self._transcriber.look()

    async def _wake(self) -> None:
        """All models that this session will need, in parallel; sound is kept meanwhile."""
        needed = [SpeechActivity(self._calls).model]
        with suppress(SpeechError):  # the client may name another; else the item tells
            if self._config.transcription is not None:
                self._state.model = model_of(self._calls, self._config.transcription.model)
                needed.append(self._state.model)
        await self._calls.wake([model for model in needed if model])

    async def _off_loop(self, size: int, work: Any, *args: Any, **kwargs: Any) -> Any:
        if size <= LARGE:
            return work(*args, **kwargs)
        return await self._calls.app_state.in_thread(work, *args, **kwargs)

    def _session_event(self, kind: str) -> events.Event:
        return events.event(kind, session=session_object(self._id, self._expires_at, self._config))


def session_object(session_id: str, expires_at: int, config: SessionConfig) -> dict[str, Any]:
    """As openai-python has it: types/realtime/realtime_transcription_session_create_response.py."""
    return {
        "id": session_id,
        "object": "realtime.transcription_session",
        "type": "transcription",
        "expires_at": expires_at,
        **config.shown(),
    }
