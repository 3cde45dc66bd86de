"""Order, batches, deadlines, cancellation and recovery: steered by events, never by time."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from scripted_model import Script, again, scripted

from contract.config import ModelConfig
from contract.context import Priority, RequestContext
from contract.errors import DeadlineExceeded, InvalidRequest, ModelFailed, ModelNotReady, QueueFull
from contract.tasks import AudioOutput, SynthesizeInput, TranscribeInput
from predictors.runtime.accounting import Request
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings
from predictors.runtime.weights.store import CorruptWeights


@asynccontextmanager
async def runner(script: Script, *, limit: int = 4, **settings: Any) -> AsyncIterator[ModelRunner]:
    pool = ModelRepository(Settings(**settings))
    config = ModelConfig(
        name="m",
        model="none",
        model_type="Scripted",
        max_batch_size=limit,
        device_config={"device": "cpu"},
    )
    made = pool.add(config, scripted(script))
    await made.ensure_loaded()
    try:
        yield made
    finally:
        script.gate.set()
        await pool.aclose()


def ask(
    made: ModelRunner, text: str, priority: Priority = Priority.INTERACTIVE, **context: Any
) -> asyncio.Task[Any]:
    request = SynthesizeInput(text)
    return asyncio.create_task(made.submit(request, RequestContext(priority=priority, **context)))


async def batch_started(script: Script) -> None:
    assert await asyncio.to_thread(script.started.acquire, timeout=20)


async def waiting(made: ModelRunner, count: int) -> None:
    """Return when so many requests are prepared and wait for the device."""
    async with asyncio.timeout(20):
        while made.queue_depth < count:  # noqa: ASYNC110  # what another thread changes
            await asyncio.sleep(0.001)


async def occupied(script: Script, made: ModelRunner) -> asyncio.Task[Any]:
    """Close the gate and put one request behind it, so that all others wait."""
    script.gate.clear()
    first = ask(made, "first")
    await batch_started(script)
    return first


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def length(output: AudioOutput) -> int:
    return len(output.audio.samples)


async def test_a_request_that_was_answered_leaves_no_circle_of_references() -> None:
    """An hour of sound would stay in memory until the collector comes, which is rare."""
    script = Script()
    async with runner(script) as made:
        await ask(made, "first")
        gc.collect()
        gc.disable()
        try:
            await ask(made, "second")
            # The device's thread lets go a moment after it has answered.
            async with asyncio.timeout(5):
                while any(type(one) is Request for one in gc.get_objects()):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        finally:
            gc.enable()


async def test_more_requests_than_the_limit_are_all_answered_in_batches() -> None:
    script = Script()
    async with runner(script, limit=4) as made:
        first = await occupied(script, made)
        asked = [ask(made, "a" * n) for n in range(1, 11)]
        await waiting(made, 10)
        script.gate.set()
        answers = await asyncio.gather(*asked)
        await first
    assert [length(answer) for answer in answers] == list(range(1, 11))
    assert [len(batch) for batch in script.batches] == [1, 4, 4, 2]


async def test_limit_of_one_answers_everybody() -> None:
    script = Script()
    async with runner(script, limit=1) as made:
        await asyncio.gather(*(ask(made, text) for text in "abc"))
    assert sorted(script.batches) == [["a"], ["b"], ["c"]]


async def test_stragglers_join_the_next_batch() -> None:
    script = Script()
    async with runner(script, limit=4) as made:
        first = await occupied(script, made)
        rest = [ask(made, str(n)) for n in range(7)]
        await waiting(made, 7)
        script.gate.set()
        await asyncio.gather(first, *rest)
    assert [len(batch) for batch in script.batches] == [1, 4, 3]


async def test_requests_with_different_keys_do_not_share_a_pass() -> None:
    script = Script()
    async with runner(script) as made:
        first = await occupied(script, made)
        asked = [ask(made, text) for text in ("x:1", "y:1", "x:2", "y:2")]
        await waiting(made, 4)
        script.gate.set()
        await asyncio.gather(first, *asked)
    assert script.batches[1:] == [["x:1", "x:2"], ["y:1", "y:2"]]


async def test_cost_budget_bounds_a_pass_but_a_large_request_still_runs_alone() -> None:
    script = Script(max_batch_cost=5)
    async with runner(script) as made:
        first = await occupied(script, made)
        asked = [ask(made, text) for text in ("aaaaaaaaa", "bb", "cc", "dd")]
        await waiting(made, 4)
        script.gate.set()
        await asyncio.gather(first, *asked)
    assert script.batches[1:] == [["aaaaaaaaa"], ["bb", "cc"], ["dd"]]


async def test_urgent_request_overtakes_bulk_and_bulk_is_answered() -> None:
    script = Script()
    async with runner(script, limit=4) as made:
        first = await occupied(script, made)
        bulk = [ask(made, f"bulk{n}", Priority.BATCH) for n in range(20)]
        await waiting(made, 20)
        urgent = ask(made, "urgent")
        await waiting(made, 21)
        script.gate.set()
        await asyncio.gather(first, urgent, *bulk)
    assert script.batches[1] == ["urgent"]
    assert sorted(sum(script.batches[2:], [])) == sorted(f"bulk{n}" for n in range(20))


async def test_bulk_ages_past_later_urgent_requests() -> None:
    script = Script()
    async with runner(script, limit=1, ageing_s=0) as made:
        first = await occupied(script, made)
        bulk = ask(made, "bulk", Priority.BATCH)
        await waiting(made, 1)
        urgent = ask(made, "urgent")
        await waiting(made, 2)
        script.gate.set()
        await asyncio.gather(first, bulk, urgent)
    assert script.batches == [["first"], ["bulk"], ["urgent"]]


async def test_full_queue_refuses_with_a_time_to_come_back() -> None:
    script = Script()
    async with runner(script, max_queue=2) as made:
        asked = [await occupied(script, made), ask(made, "a"), ask(made, "b")]
        await waiting(made, 2)
        with pytest.raises(QueueFull) as refused:
            await ask(made, "c")
        assert refused.value.retry_after_s == 3.0  # one runs, two wait, at 1 s until measured
        script.gate.set()
        await asyncio.gather(*asked)
        await ask(made, "d")


async def test_bulk_leaves_room_for_people() -> None:
    script = Script()
    async with runner(script, max_queue=4) as made:
        asked = [await occupied(script, made)]
        asked += [ask(made, str(n), Priority.BATCH) for n in range(3)]
        await waiting(made, 3)
        with pytest.raises(QueueFull):
            await ask(made, "bulk", Priority.BATCH)
        asked.append(ask(made, "urgent"))
        await waiting(made, 4)
        script.gate.set()
        await asyncio.gather(*asked)


async def test_deadline_passes_while_waiting_and_the_request_never_runs() -> None:
    script = Script()
    async with runner(script) as made:
        first = await occupied(script, made)
        context = RequestContext().within(0.05)
        with pytest.raises(DeadlineExceeded):
            await ask(made, "late", deadline_s=context.deadline_s)
        script.gate.set()
        await first
        await ask(made, "next")
    assert script.batches == [["first"], ["next"]]


async def test_deadline_passes_while_running_and_others_are_served() -> None:
    script = Script()
    async with runner(script) as made:
        script.gate.clear()
        slow = ask(made, "slow", deadline_s=RequestContext().within(0.05).deadline_s)
        with pytest.raises(DeadlineExceeded):
            await slow
        script.gate.set()
        assert length(await ask(made, "next")) == 4


async def test_cancelled_request_leaves_the_queue() -> None:
    script = Script()
    async with runner(script) as made:
        first = await occupied(script, made)
        gone = ask(made, "gone")
        await waiting(made, 1)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        script.gate.set()
        await first
        await ask(made, "next")
    assert gone.cancelled()
    assert script.batches == [["first"], ["next"]]


async def test_result_of_a_cancelled_running_request_is_dropped() -> None:
    script = Script()
    async with runner(script) as made:
        running = await occupied(script, made)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        script.gate.set()
        assert length(await ask(made, "next")) == 4


async def test_wrong_task_is_refused_by_name() -> None:
    async with runner(Script()) as made:
        with pytest.raises(InvalidRequest, match="serves the task synthesize"):
            await made.submit(TranscribeInput(None), RequestContext())  # type: ignore[arg-type]  # never read


def out_of_memory_above(size: int) -> Callable[[Sequence[str]], None]:
    def check(batch: Sequence[str]) -> None:
        if len(batch) > size:
            raise RuntimeError("CUDA failed with error out of memory")

    return check


async def test_out_of_memory_halves_the_batch_and_answers_everybody() -> None:
    script = Script(before_answers=out_of_memory_above(2))
    async with runner(script, limit=8) as made:
        first = await occupied(script, made)
        asked = [ask(made, "a" * n) for n in range(1, 9)]
        await waiting(made, 8)
        script.gate.set()
        answers = await asyncio.gather(*asked)
        await first
        assert [length(answer) for answer in answers] == list(range(1, 9))
        assert [len(batch) for batch in script.batches] == [1, 8, 4, 2, 2, 4, 2, 2]
        assert made.batch_limit == 2


async def test_batch_limit_grows_back_once_memory_suffices() -> None:
    script = Script(before_answers=out_of_memory_above(2))
    async with runner(script, limit=4) as made:
        await ask(made, "a|b|c|d")
        assert made.batch_limit == 2
        script.before_answers = lambda batch: None
        for _ in range(10):
            await ask(made, "a|b|c|d")
        assert made.batch_limit == 4


async def test_halves_run_without_what_the_failed_pass_had_allocated() -> None:
    class Activations:
        """What a forward pass holds while it runs."""

    held: list[weakref.ref[Activations]] = []

    def check(batch: Sequence[str]) -> None:
        assert all(one() is None for one in held), "the failed pass still holds its memory"
        activations = Activations()
        held.append(weakref.ref(activations))
        if len(batch) > 1:
            raise MemoryError

    script = Script(before_answers=check)
    async with runner(script, limit=4) as made:
        await ask(made, "a|b|c|d")
    assert len(held) == 7


async def test_one_request_too_large_for_memory_fails_alone() -> None:
    def check(batch: Sequence[str]) -> None:
        if "huge" in batch:
            raise MemoryError

    script = Script(before_answers=check)
    async with runner(script) as made:
        outcomes = await asyncio.gather(
            *(ask(made, text) for text in ["a", "huge", "b", "c"]), return_exceptions=True
        )
    assert [isinstance(outcome, AudioOutput) for outcome in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1], ModelFailed)
    assert "more memory" in outcomes[1].message


async def test_guilty_request_fails_alone_and_says_nothing_of_the_library() -> None:
    def check(batch: Sequence[str]) -> None:
        if "bad" in batch:
            raise ValueError("cannot read /secret/path")

    script = Script(before_answers=check)
    async with runner(script) as made:
        outcomes = await asyncio.gather(
            *(ask(made, text) for text in ["a", "bad", "b"]), return_exceptions=True
        )
    assert [isinstance(outcome, AudioOutput) for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1], ModelFailed)
    assert "secret" not in str(outcomes[1])


async def test_damaged_weights_are_loaded_once_more() -> None:
    errors = [CorruptWeights("not a number")]

    def check(batch: Sequence[str]) -> None:
        if errors:
            raise errors.pop()

    script = Script(before_answers=check)
    async with runner(script) as made:
        assert length(await ask(made, "abc")) == 3
        assert script.loads == 2
        assert made.is_ready


async def test_weights_damaged_twice_make_the_model_not_ready() -> None:
    def check(batch: Sequence[str]) -> None:
        raise CorruptWeights("weights of m hold values that are not numbers")

    script = Script(before_answers=check)
    async with runner(script) as made:
        outcomes = await asyncio.gather(*(ask(made, t) for t in "ab"), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ModelNotReady, ModelNotReady]
        assert not made.is_ready
        with pytest.raises(ModelNotReady) as refused:
            await ask(made, "later")
        assert refused.value.retry_after_s is not None
        assert refused.value.retry_after_s > 1
    assert script.loads == 2


async def test_stalled_pass_is_given_up_and_the_next_request_gets_a_fresh_model() -> None:
    script = Script()
    async with runner(script, stall_s=0.2) as made:
        script.gate.clear()
        with pytest.raises(ModelFailed, match="did not answer within"):
            await ask(made, "stuck")
        script.gate.set()
        assert length(await ask(made, "next")) == 4
    assert script.loads == 2
    assert script.batches == [["stuck"], ["next"]]


async def test_two_models_run_side_by_side() -> None:
    """Each waits in its thread for the other: run one after another, both would time out."""
    meeting = threading.Barrier(2, timeout=20)
    pool = ModelRepository(Settings())
    runners = []
    for name in ("a", "b"):
        script = Script(before_answers=lambda batch: void(meeting.wait()))
        config = ModelConfig(name=name, model="none", model_type="Scripted")
        runners.append(pool.add(config, scripted(script)))
    await asyncio.gather(*(ask(made, "hello") for made in runners))
    await pool.aclose()


async def test_passes_of_one_model_run_side_by_side_where_it_allows_them() -> None:
    """Each waits in its thread for another: run one after another, they would time out."""
    meeting = threading.Barrier(2, timeout=20)
    script = Script(concurrent_passes=2, before_answers=lambda batch: void(meeting.wait()))
    async with runner(script, limit=1) as made:
        outputs = await asyncio.gather(ask(made, "a|bb"), ask(made, "ccc"), ask(made, "dddd"))
    assert [length(output) for output in outputs] == [3, 3, 4]
    assert len(script.threads) == 2


async def test_requests_that_waited_for_the_load_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=20)
    script = Script(concurrent_passes=2, before_answers=lambda batch: void(meeting.wait()))
    pool = ModelRepository(Settings())
    config = ModelConfig(name="m", model="none", model_type="Scripted", max_batch_size=1)
    made = pool.add(config, scripted(script))
    await asyncio.gather(ask(made, "hello"), ask(made, "there"))
    await pool.aclose()


async def test_a_free_thread_takes_the_next_unit_while_a_long_pass_runs() -> None:
    done = threading.Event()
    script = Script(concurrent_passes=2, before_answers=lambda batch: wait_if_long(batch, done))
    async with runner(script, limit=1) as made:
        long = ask(made, "long")
        await batch_started(script)
        assert [length(await ask(made, text)) for text in ("a", "bb", "ccc")] == [1, 2, 3]
        assert not long.done()
        done.set()
        assert length(await long) == 4


async def test_no_more_passes_run_at_once_than_the_model_allows() -> None:
    script = Script(concurrent_passes=2)
    async with runner(script, limit=1) as made:
        script.gate.clear()
        asked = [ask(made, "a|b|c|d"), ask(made, "e")]
        await batch_started(script)
        await batch_started(script)
        await waiting(made, 2)
        await settle()
        assert len(script.batches) == 2
        script.gate.set()
        await asyncio.gather(*asked)


async def test_a_stalled_pass_does_not_end_the_one_beside_it() -> None:
    done = threading.Event()
    script = Script(concurrent_passes=2, before_answers=lambda batch: wait_if_long(batch, done))
    async with runner(script, limit=1, stall_s=0.2) as made:
        stuck = ask(made, "long")
        await batch_started(script)
        assert length(await ask(made, "beside")) == 6
        with pytest.raises(ModelFailed, match="did not answer within"):
            await stuck
        done.set()
        assert length(await ask(made, "next")) == 4
    assert script.loads == 2


@pytest.mark.parametrize("passes", [1, 2])
async def test_a_request_that_comes_as_the_last_one_ends_is_answered(passes: int) -> None:
    """At whatever moment of the end: thread, its task and the loop each take a while to see it."""
    async with runner(Script(concurrent_passes=passes)) as made:
        for round_ in range(300):
            first = ask(made, "first")
            for _ in range(round_ % 12):
                await asyncio.sleep(0)
            async with asyncio.timeout(20):
                await asyncio.gather(first, ask(made, "next"))
                await ask(made, "last")


def wait_if_long(batch: Sequence[str], done: threading.Event) -> None:
    assert batch != ["long"] or done.wait(20)


def void(_: object) -> None:
    """Forget a result."""


async def test_closing_refuses_what_waits() -> None:
    script = Script()
    async with runner(script) as made:
        await occupied(script, made)
        late = ask(made, "late")
        await waiting(made, 1)
        closing = asyncio.create_task(made.aclose())
        await settle()
        script.gate.set()
        await closing
        with pytest.raises(Exception, match="shutting down"):
            await late


# Requests of several units ------------------------------------------------------------------


async def test_units_of_several_requests_share_a_pass_and_each_gets_its_own_back() -> None:
    script = Script()
    async with runner(script, limit=4) as made:
        first = await occupied(script, made)
        asked = [ask(made, "aaa|bb"), ask(made, "c|dddd")]
        await waiting(made, 2)
        script.gate.set()
        answers = await asyncio.gather(*asked)
        await first
    assert script.batches[1:] == [["aaa", "bb", "dddd", "c"]]
    assert [length(answer) for answer in answers] == [5, 5]


async def test_results_come_back_in_the_order_of_the_units() -> None:
    found: list[Sequence[int]] = []
    script = Script(on_finish=found.append)
    async with runner(script, limit=2) as made:
        await ask(made, "a|bbb|cc|dddd|e")
    assert script.batches == [["dddd", "bbb"], ["cc", "a"], ["e"]]
    assert list(found[-1]) == [1, 3, 2, 4, 1]


async def test_cancelled_request_leaves_at_the_next_pass() -> None:
    script = Script()
    async with runner(script, limit=1) as made:
        script.gate.clear()
        long = ask(made, "|".join("abcdefgh"))
        await batch_started(script)
        long.cancel()
        await asyncio.gather(long, return_exceptions=True)
        script.gate.set()
        await ask(made, "next")
    assert script.batches == [["a"], ["next"]]


async def test_late_request_leaves_at_the_next_pass() -> None:
    script = Script()
    async with runner(script, limit=1) as made:
        script.gate.clear()
        with pytest.raises(DeadlineExceeded):
            await ask(made, "a|b|c", deadline_s=RequestContext().within(0.05).deadline_s)
        script.gate.set()
        await ask(made, "next")
    assert script.batches == [["a"], ["next"]]


async def test_request_with_a_bad_unit_leaves_at_once_and_the_others_are_answered() -> None:
    def check(batch: Sequence[str]) -> None:
        if "bad" in batch:
            raise ValueError("cannot")

    script = Script(before_answers=check)
    async with runner(script, limit=2) as made:
        first = await occupied(script, made)
        asked = [ask(made, "bad|x|y|z"), ask(made, "good")]
        await waiting(made, 2)
        script.gate.set()
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        await first
    assert isinstance(outcomes[0], ModelFailed)
    assert length(outcomes[1]) == 4
    assert not {"y", "z"} & {unit for batch in script.batches for unit in batch}


async def test_urgent_request_overtakes_a_long_one_between_its_passes() -> None:
    script = Script()
    async with runner(script, limit=1) as made:
        script.gate.clear()
        long = ask(made, "a|b|c", Priority.BATCH)
        await batch_started(script)
        urgent = ask(made, "urgent")
        await waiting(made, 2)
        script.gate.set()
        await asyncio.gather(long, urgent)
    assert script.batches == [["a"], ["urgent"], ["b"], ["c"]]


async def test_units_that_must_be_alone_share_no_pass() -> None:
    script = Script()
    async with runner(script) as made:
        first = await occupied(script, made)
        asked = [ask(made, text) for text in ("a", "alone1|2", "b")]
        await waiting(made, 3)
        script.gate.set()
        await asyncio.gather(first, *asked)
    assert sorted(script.batches[1:]) == [["2"], ["a", "b"], ["alone1"]]


async def test_a_unit_may_ask_for_further_passes() -> None:
    found: list[Sequence[int]] = []
    script = Script(
        result=lambda text: again(text) if text == "again" else len(text), on_finish=found.append
    )
    async with runner(script, limit=4) as made:
        await ask(made, "bbbbbbb|again|cc")
    assert script.batches == [["bbbbbbb", "again", "cc"], ["gain", "a"]]
    assert list(found[-1]) == [7, 1, 4, 2]


async def test_room_is_taken_until_the_work_has_really_ended() -> None:
    """Cancelled while its front end runs: the caller is gone, the work is not."""
    going, gate = threading.Event(), threading.Event()

    def hang(request: SynthesizeInput) -> None:
        if request.text == "slow":
            going.set()
            assert gate.wait(20)

    script = Script(on_prepare=hang)
    async with runner(script, max_queue=1) as made:
        slow = ask(made, "slow")
        assert await asyncio.to_thread(going.wait, 20)
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)
        with pytest.raises(QueueFull):
            await ask(made, "next")
        gate.set()
        async with asyncio.timeout(20):
            while True:
                with suppress(QueueFull):
                    await ask(made, "next")
                    break
                await asyncio.sleep(0.001)
    assert script.batches == [["next"]]


async def test_memory_of_what_waits_is_bounded() -> None:
    script = Script()
    async with runner(script, max_queue_mb=1) as made:
        script.gate.clear()
        first = ask(made, "a" * 99_000)
        await batch_started(script)
        others = [ask(made, "c" * 99_000) for _ in range(4)]  # and once more, as units
        await waiting(made, 4)
        with pytest.raises(QueueFull):
            await ask(made, "c" * 99_000)
        small = ask(made, "small")
        await waiting(made, 5)
        script.gate.set()
        await asyncio.gather(first, *others, small)


async def test_damage_that_only_the_answer_shows_is_mended_too() -> None:
    errors = [CorruptWeights("not a number")]

    def check(results: Sequence[int]) -> None:
        if errors and list(results) == [3]:
            raise errors.pop()

    script = Script(on_finish=check)
    async with runner(script) as made:
        assert length(await ask(made, "abc")) == 3
        assert script.loads == 2
        assert script.batches == [["abc"], ["abc"]]


async def test_front_end_of_one_request_runs_beside_the_pass_of_another() -> None:
    """The pass waits for the front end of a request that came after it."""
    prepared = threading.Event()

    def note(request: SynthesizeInput) -> None:
        if request.text == "later":
            prepared.set()

    def meet(batch: Sequence[str]) -> None:
        assert prepared.wait(20), "nothing was prepared while the pass ran"

    script = Script(on_prepare=note, before_answers=meet)
    async with runner(script) as made:
        first = ask(made, "first")
        await batch_started(script)
        await asyncio.gather(first, ask(made, "later"))
