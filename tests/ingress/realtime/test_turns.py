"""Where turns begin and end, by windows of 32 ms."""

from __future__ import annotations

import math

import pytest

from ingress.realtime.turns import WINDOW, Eagerness, Started, Stopped, TurnTracker, pause_ms

RATE = 16_000


def changes(pattern: str, *, padding_ms: float = 0, silence_ms: float = 320) -> list[object]:
    """`x` is a window of speech, `-` one of silence."""
    tracker = TurnTracker(0, padding_ms=padding_ms, silence_ms=silence_ms)
    fed = [tracker.feed(one == "x") for one in pattern]
    return [change for change in fed if change is not None]


def test_a_turn_begins_with_three_windows_and_ends_with_silence() -> None:
    assert changes("-----xxxxx" + "-" * 10) == [Started(5 * WINDOW), Stopped(20 * WINDOW)]


def test_a_click_is_no_speech() -> None:
    assert changes("--xx--x-xx---x" + "-" * 40) == []


def test_a_short_pause_ends_nothing() -> None:
    assert changes("xxx" + "-" * 9 + "x" + "-" * 9) == [Started(0)]


def test_padding_reaches_back_and_never_into_the_turn_before() -> None:
    first, _, second, *_ = changes(
        "-" * 20 + "xxx" + "-" * 10 + "xxx" + "-" * 10, padding_ms=10 * 32
    )
    assert first == Started(10 * WINDOW)
    assert second == Started(33 * WINDOW)


def test_a_turn_without_end_is_cut_where_the_server_ends_turns() -> None:
    windows = 70 * RATE // WINDOW
    started, stopped, again = changes("x" * windows)
    assert stopped == Stopped(pytest.approx(60 * RATE, abs=WINDOW))
    assert again.at == stopped.at
    assert changes("x" * windows, silence_ms=math.inf) == [Started(0)]


def test_silence_may_be_told_while_somebody_speaks() -> None:
    tracker = TurnTracker(0, padding_ms=0, silence_ms=3200)
    for one in "xxx" + "-" * 5:
        tracker.feed(one == "x")
    tracker.silence_ms = 6 * 32
    assert tracker.feed(False) == Stopped(9 * WINDOW)


@pytest.mark.parametrize("eagerness", list(Eagerness))
def test_a_finished_sentence_is_answered_sooner(eagerness: Eagerness) -> None:
    finished = pause_ms("What time is it?", eagerness)
    open_end = pause_ms("I would like", eagerness)
    trailing = pause_ms("I would like to, um...", eagerness)
    assert finished < open_end < trailing
    assert trailing == {"low": 8000, "medium": 4000, "high": 2000, "auto": 4000}[eagerness]


@pytest.mark.parametrize(
    "text", ["and", "I went there and", "so,", "well...", "The", "Ähm, because", "um"]
)
def test_who_trails_off_is_waited_for(text: str) -> None:
    assert pause_ms(text, Eagerness.AUTO) == 4000


@pytest.mark.parametrize("text", ["Yes.", "你好。", 'He said "no."', "Really?!", "Done. "])
def test_a_sentence_ends_in_any_script(text: str) -> None:
    assert pause_ms(text, Eagerness.HIGH) == 400
