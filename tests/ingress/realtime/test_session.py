"""Turns and their text, as the official client's own types have them."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from level_client import LevelClient, counted
from realtime_server import (
    append,
    eventually,
    of_kind,
    realtime_server,
    session,
    sound,
    spoken,
    until,
    update,
)

from contract.context import Priority
from contract.errors import ModelFailed, NotReached

COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
SERVER_VAD = {"type": "server_vad", "silence_duration_ms": 300, "prefix_padding_ms": 200}


async def test_the_server_ends_turns_and_writes_each_down(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, spoken(1.5))
        first = await until(connection, COMPLETED)
        await append(connection, spoken(2.5))
        second = await until(connection, COMPLETED)
    kinds = [event.type for event in first if not event.type.endswith(".delta")]
    assert kinds == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        COMPLETED,
    ]
    started, stopped, committed = (
        of_kind(first, kind)[0] for kind in ("started", "stopped", "tted")
    )
    assert started.audio_start_ms == pytest.approx(500 - 200, abs=64)
    assert stopped.audio_end_ms == pytest.approx(500 + 1500 + 300, abs=96)
    assert first[-1].transcript == counted(1.5)
    assert second[-1].transcript == counted(2.5)
    assert first[-1].usage.type == "duration"
    assert first[-1].usage.seconds == pytest.approx(2.0, abs=0.1)
    items = {event.item_id for event in (started, stopped, committed, first[-1])}
    assert items == {of_kind(first, "added")[0].item.id}
    assert committed.previous_item_id is None
    assert of_kind(second, "committed")[0].previous_item_id == committed.item_id
    content = of_kind(first, "done")[0].item.content
    assert [part.type for part in content] == ["input_audio"]


async def test_the_client_ends_turns(url: str) -> None:
    async with session(url, turn_detection=None) as connection:
        for seconds in (1.0, 2.0):
            await append(connection, spoken(seconds))
            await connection.input_audio_buffer.commit()
            events = await until(connection, COMPLETED)
            assert events[-1].transcript == counted(seconds)
            assert not of_kind(events, "speech_started")
            assert len(of_kind(events, "committed")) == 1


async def test_a_commit_ends_a_turn_that_the_server_would_end_later(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, spoken(1.0, after_s=0))
        started = (await until(connection, "input_audio_buffer.speech_started"))[-1]
        await connection.input_audio_buffer.commit()
        events = await until(connection, COMPLETED)
    assert events[-1].item_id == started.item_id
    assert events[-1].transcript == counted(1.0)
    assert not of_kind(events, "speech_stopped")


async def test_deltas_come_while_somebody_speaks_and_join_to_the_text(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, sound(0.3, 0))
        for _ in range(30):
            await append(connection, sound(0.1))
            await asyncio.sleep(0.01)
        before = await until(connection, "conversation.item.input_audio_transcription.delta")
        assert not of_kind(before, "speech_stopped")
        await append(connection, sound(1, 0))
        events = before + await until(connection, COMPLETED)
    deltas = of_kind(events, "transcription.delta")
    assert len(deltas) > 1
    assert "".join(delta.delta for delta in deltas) == events[-1].transcript == counted(3.0)


async def test_first_and_last_words_go_before_those_between(url: str, models: LevelClient) -> None:
    """Where sessions share a model: somebody waits for them."""
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, sound(0.3, 0))
        for _ in range(40):
            await append(connection, sound(0.1))
            await asyncio.sleep(0.01)
        await append(connection, sound(1, 0))
        await until(connection, COMPLETED)
    priorities = [context.priority for model, _, context in models.calls if model == "whisper"]
    assert priorities[0] == priorities[-1] == Priority.INTERACTIVE
    assert Priority.BATCH in priorities


async def test_no_deltas_where_an_operator_wants_none(models: LevelClient) -> None:
    async with (
        realtime_server(models, realtime_delta_s=0) as url,
        session(url, turn_detection=SERVER_VAD) as connection,
    ):
        await append(connection, spoken(2.0))
        events = await until(connection, COMPLETED)
    assert [delta.delta for delta in of_kind(events, "transcription.delta")] == [counted(2.0)]
    assert len(models.requests_to("whisper")) == 1


async def test_cleared_sound_is_never_heard(url: str, models: LevelClient) -> None:
    async with session(url, turn_detection=None) as connection:
        await append(connection, spoken(3.0))
        await connection.input_audio_buffer.clear()
        await until(connection, "input_audio_buffer.cleared")
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        events = await until(connection, COMPLETED)
    assert events[-1].transcript == counted(1.0)


async def test_what_a_transcription_is_asked_for(url: str, models: LevelClient) -> None:
    transcription = {
        "model": "whisper-1",
        "language": "en-US",
        "prompt": "about boats",
        "keywords": ["keel", "mast"],
    }
    async with session(url, turn_detection=None, transcription=transcription) as connection:
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        await until(connection, COMPLETED)
    request = models.requests_to("whisper")[-1]
    assert (request.language, request.prompt, request.hotwords) == (
        "en",
        "about boats",
        "keel, mast",
    )


async def test_both_models_are_woken_when_a_client_connects(url: str, models: LevelClient) -> None:
    async with session(url):
        assert models.woken == [["silero-vad", "whisper"]]


async def test_sound_that_comes_while_a_model_wakes_is_kept(url: str, models: LevelClient) -> None:
    models.gates = {"whisper": asyncio.Event(), "silero-vad": asyncio.Event()}
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, spoken(2.0))
        await asyncio.sleep(0.2)
        for gate in models.gates.values():
            gate.set()
        events = await until(connection, COMPLETED)
    assert events[-1].transcript == counted(2.0)


async def test_a_model_that_fails_costs_its_item_and_no_session(
    url: str, models: LevelClient
) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        models.failures["whisper"] = ModelFailed("the model is broken")
        await append(connection, spoken(1.0))
        failed = (await until(connection, FAILED))[-1]
        assert (failed.error.code, failed.error.type) == ("model_failed", "server_error")
        models.failures.clear()
        await append(connection, spoken(1.5))
        assert (await until(connection, COMPLETED))[-1].transcript == counted(1.5)


async def test_loudness_ends_turns_while_the_detector_is_gone(
    url: str, models: LevelClient
) -> None:
    models.failures["silero-vad"] = NotReached("silero-vad cannot be reached")
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, spoken(1.5))
        assert (await until(connection, COMPLETED))[-1].transcript == counted(1.5)


async def test_a_session_without_transcription_still_tells_turns(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD, transcription=None) as connection:
        await append(connection, spoken(1.0))
        await until(connection, "conversation.item.done")
        await append(connection, spoken(1.0))
        assert not of_kind(await until(connection, "conversation.item.done"), COMPLETED)


async def test_an_update_changes_what_it_names(url: str) -> None:
    async with session(url) as connection:
        first = await update(connection, transcription={"model": "whisper", "prompt": "boats"})
        second = await update(
            connection,
            transcription={"language": "de"},
            turn_detection={"type": "semantic_vad", "eagerness": "high"},
            noise_reduction={"type": "near_field"},
        )
        third = await update(connection, turn_detection=None, noise_reduction=None)
    assert first.audio.input.turn_detection.silence_duration_ms == 500
    kept = second.audio.input.transcription
    assert (kept.model, kept.prompt, kept.language) == ("whisper", "boats", "de")
    assert second.audio.input.turn_detection.eagerness == "high"
    assert second.audio.input.noise_reduction.type == "near_field"
    assert third.audio.input.turn_detection is None
    assert third.audio.input.noise_reduction is None
    assert third.audio.input.transcription.language == "de"


async def test_a_turn_that_is_being_spoken_ends_by_the_rules_of_an_update(
    url: str, models: LevelClient
) -> None:
    """Before it the client would have ended the turn; so that nobody waits for a text for ever."""
    async with session(url, turn_detection=None) as connection:
        await append(connection, sound(1.5), ms=1500)
        await eventually(lambda: bool(models.requests_to("whisper")))  # though nothing more comes
        input_ = {"turn_detection": SERVER_VAD}
        own: dict[str, Any] = {"type": "transcription", "audio": {"input": input_}}
        await connection.session.update(session=own)  # type: ignore[arg-type]
        await append(connection, sound(1.5, 0))
        heard = await until(connection, COMPLETED)
        kinds = [event.type for event in heard if event.type.startswith("input_audio_buffer")]
        assert [kind.rpartition(".")[2] for kind in kinds] == [
            *("speech_started", "speech_stopped", "committed"),
        ]
        assert heard[-1].transcript == counted(1.5)


async def test_an_update_in_a_turn_holds_for_it_and_for_those_behind_it(url: str) -> None:
    async with session(url, turn_detection=SERVER_VAD) as connection:
        await append(connection, spoken(1.5, 0, 0))
        await until(connection, "input_audio_buffer.speech_started")
        await update(connection, turn_detection=SERVER_VAD | {"silence_duration_ms": 1500})
        await append(connection, np.concatenate([sound(0.8, 0), spoken(1.5, 0, 0.8)]))
        await append(connection, sound(1.2, 0))
        assert (await until(connection, COMPLETED))[-1].transcript == counted(3.0)
        await append(connection, spoken(1.0, 0, 0.8))
        await append(connection, spoken(1.0, 0, 2.0))
        assert (await until(connection, COMPLETED))[-1].transcript == counted(2.0)
        await append(connection, spoken(1.0, 0, 0))
        await until(connection, "input_audio_buffer.speech_started")
        await update(connection, turn_detection=None)
        await append(connection, np.concatenate([sound(2.5, 0), spoken(1.0, 0, 0.5)]))
        await connection.input_audio_buffer.commit()
        assert (await until(connection, COMPLETED))[-1].transcript == counted(2.0)


async def test_a_finished_sentence_ends_a_semantic_turn_sooner(models: LevelClient) -> None:
    """The text says when: the counting ends in a full stop here, and trails off there."""
    ends_ms = []
    for last in (".", " and"):
        models.ending = last
        turns = {"type": "semantic_vad", "eagerness": "high"}
        async with (
            realtime_server(models) as url,
            session(url, turn_detection=turns) as connection,
        ):
            await append(connection, spoken(1.5, 0.5, 0.2))
            await until(connection, "input_audio_buffer.speech_started")
            for _ in range(25):
                await append(connection, sound(0.1, 0))
                await asyncio.sleep(0.02)
            stopped = (await until(connection, "input_audio_buffer.speech_stopped"))[-1]
            ends_ms.append(stopped.audio_end_ms - 2000)
    assert ends_ms[0] < 1000
    assert ends_ms[1] == pytest.approx(2000, abs=150)


async def test_log_probabilities_and_languages(url: str) -> None:
    async with session(url) as connection:
        own = {
            "type": "transcription",
            "include": ["item.input_audio_transcription.logprobs"],
            "audio": {"input": {"transcription": {"model": "gpt-transcribe"}}},
        }
        await connection.session.update(session=own)
        await until(connection, "session.updated")
        for _ in range(6):
            await append(connection, sound(0.25))
            await asyncio.sleep(0.05)  # so that some words are certain before the last
        await append(connection, sound(1.0, 0))
        heard = await until(connection, COMPLETED)
    completed, deltas = heard[-1], of_kind(heard, ".delta")
    for delta in deltas:
        assert "".join(one.token for one in delta.logprobs) == delta.delta
    assert [one for delta in deltas for one in delta.logprobs] == completed.logprobs
    assert [one.token for one in completed.logprobs] == ["one", " two", " three"]
    assert "".join(one.token for one in completed.logprobs) == completed.transcript
    assert all(one.logprob < 0 for one in completed.logprobs)
    assert bytes(completed.logprobs[1].bytes) == b" two"
    assert [one.code for one in completed.languages] == ["en"]


async def test_an_item_without_words_has_no_language(url: str) -> None:
    asked = {"model": "gpt-transcribe"}
    async with session(url, transcription=asked, turn_detection=None) as connection:
        await append(connection, sound(0.5, 0))
        await connection.input_audio_buffer.commit()
        completed = (await until(connection, COMPLETED))[-1]
    assert (completed.transcript, completed.languages) == ("", [])


@pytest.mark.parametrize("kind", ["session.update", "transcription_session.update"])
async def test_the_older_shape_of_a_session_is_understood(url: str, kind: str) -> None:
    """Its fields stand side by side, under either name of the event."""
    old = {
        "input_audio_format": "g711_ulaw",
        "input_audio_transcription": {"model": "whisper", "language": "de"},
        "turn_detection": None,
        "include": ["item.input_audio_transcription.logprobs", "something.else"],
    }
    async with session(url) as connection:
        await connection.send({"type": kind, "session": old})  # type: ignore[arg-type, misc]
        updated = (await until(connection, f"{kind}d"))[-1].to_dict()["session"]
    set_to = updated["audio"]["input"]
    assert set_to["format"] == {"type": "audio/pcmu"}
    assert set_to["transcription"] == {"model": "whisper", "language": "de"}
    assert set_to["turn_detection"] is None
    assert updated["include"] == ["item.input_audio_transcription.logprobs"]


async def test_turn_detection_of_no_type_is_none(url: str) -> None:
    async with session(url) as connection:
        updated = await update(connection, turn_detection={"type": "none"})
    assert updated.audio.input.turn_detection is None


async def test_models_are_asked_by_requests_that_no_cache_keeps(
    url: str, models: LevelClient
) -> None:
    async with session(url, turn_detection=None) as connection:
        await append(connection, spoken(1.0))
        await connection.input_audio_buffer.commit()
        await until(connection, COMPLETED)
    assert models.calls
    assert all(context.is_private for _, _, context in models.calls)
