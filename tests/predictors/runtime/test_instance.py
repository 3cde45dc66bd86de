"""Loading once for all, sharing weights, unloading for room, failing without a leak."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from scripted_model import Script, scripted

from contract.config import ModelConfig
from contract.context import RequestContext
from contract.errors import ModelFailed, ModelNotReady
from contract.tasks import SynthesizeInput
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings
from predictors.runtime.weights.store import CorruptWeights

MB = 1 << 20


def add(pool: ModelRepository, script: Script, name: str = "m", device: str = "cpu") -> ModelRunner:
    config = ModelConfig(
        name=name, model="none", model_type="Scripted", device_config={"device": device}
    )
    return pool.add(config, scripted(script))


async def ask(runner: ModelRunner, text: str = "hello") -> Any:
    return await runner.submit(SynthesizeInput(text), RequestContext())


async def test_first_requests_load_once_between_them() -> None:
    pool, script = ModelRepository(Settings()), Script()
    runner = add(pool, script)
    assert not runner.is_ready
    await asyncio.gather(*(ask(runner) for _ in range(5)))
    assert script.loads == 1
    assert runner.is_ready
    await pool.aclose()
    assert script.unloads == 1
    assert not runner.is_ready


async def test_loading_and_inference_leave_the_loop_free() -> None:
    """The loop itself opens both gates, which a blocked loop could not."""
    load_gate = threading.Event()
    script = Script(on_load=lambda: asserted(load_gate.wait(20)))
    pool = ModelRepository(Settings())
    runner = add(pool, script)
    script.gate.clear()
    asked = asyncio.create_task(ask(runner))
    await asyncio.sleep(0)
    load_gate.set()
    assert await asyncio.to_thread(script.started.acquire, timeout=20)
    script.gate.set()
    await asked
    await pool.aclose()
    assert threading.main_thread().name not in script.threads


def asserted(condition: bool) -> None:
    assert condition


async def test_warm_up_must_answer_before_the_model_is_ready() -> None:
    def refuse() -> None:
        raise ModelFailed("the weights are for another voice; correct `model`")

    pool, script = ModelRepository(Settings()), Script(on_warm_up=refuse)
    runner = add(pool, script)
    with pytest.raises(ModelNotReady, match="another voice"):
        await ask(runner)
    assert not runner.is_ready
    await pool.aclose()


@pytest.mark.parametrize("is_ahead", [False, True], ids=["as it serves", "ahead"])
async def test_a_warm_up_that_hangs_is_given_up_and_says_so(is_ahead: bool) -> None:
    goes_on = threading.Event()
    script = Script(on_warm_up=lambda: asserted(goes_on.wait(20)))
    pool = ModelRepository(Settings(stall_s=1.0, load_retry_s=0.001))
    config = ModelConfig(name="m", model="./none", model_type="FasterWhisper", task="synthesize")
    runner = pool.add(config, scripted(script))
    if is_ahead:
        pool.load_ahead()
    with pytest.raises(ModelNotReady, match="m did not end its warm-up within 1 s; it is loaded"):
        await ask(runner)
    goes_on.set()
    await asyncio.sleep(0.05)  # longer than the pause
    await ask(runner)
    assert script.loads == 2
    await pool.aclose()


async def test_failed_load_is_told_without_paths_and_tried_again_after_a_pause() -> None:
    errors: list[Exception] = [OSError("/secret/weights.bin is missing")]

    def fail_once() -> None:
        if errors:
            raise errors.pop()

    pool, script = ModelRepository(Settings(load_retry_s=0.3)), Script(on_load=fail_once)
    runner = add(pool, script)
    with pytest.raises(ModelNotReady) as first:
        await ask(runner)
    with pytest.raises(ModelNotReady):  # within the pause nothing is tried
        await ask(runner)
    assert script.loads == 1
    assert "secret" not in str(first.value)
    await asyncio.sleep(0.4)
    await ask(runner)
    assert script.loads == 2
    await pool.aclose()


async def test_who_waited_for_a_failed_load_hears_why_though_the_pause_is_over() -> None:
    def fail() -> None:
        raise ModelFailed("the weights are for another voice; correct `model`")

    pool = ModelRepository(Settings(load_retry_s=0.0001))
    runner = add(pool, Script(on_load=fail))
    with pytest.raises(ModelNotReady, match="another voice"):
        await ask(runner)
    await pool.aclose()


async def test_the_log_gives_our_own_reason_and_its_cause_in_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It comes with every try: a hub that cannot be reached is tried again every half minute."""

    def fail() -> None:
        raise ModelFailed("the weights are not here") from OSError("no route\n" + "to host " * 99)

    pool = ModelRepository(Settings())
    with pytest.raises(ModelNotReady):
        await ask(add(pool, Script(on_load=fail)))
    await pool.aclose()
    (line,) = [record for record in caplog.records if "is not ready" in record.getMessage()]
    assert "the weights are not here (OSError: no route" in line.getMessage()
    assert len(line.getMessage()) < 500
    assert "\n" not in line.getMessage()
    assert not line.exc_info


async def test_weights_damaged_on_disk_are_read_once_more() -> None:
    errors = [CorruptWeights("checksum differs")]

    def fail_once() -> None:
        if errors:
            raise errors.pop()

    pool, script = ModelRepository(Settings()), Script(on_load=fail_once)
    await ask(add(pool, script))
    assert script.loads == 2
    await pool.aclose()


async def test_caller_that_gives_up_does_not_stop_the_load() -> None:
    load_gate = threading.Event()
    pool = ModelRepository(Settings())
    script = Script(on_load=lambda: asserted(load_gate.wait(20)))
    runner = add(pool, script)
    impatient = asyncio.create_task(runner.ensure_loaded())
    await asyncio.sleep(0)
    impatient.cancel()
    load_gate.set()
    await runner.ensure_loaded()
    assert script.loads == 1
    await pool.aclose()


async def test_same_key_shares_one_object_until_nobody_holds_it() -> None:
    pool = ModelRepository(Settings())
    scripts = [Script(share_key=("family", "weights", "float32", "cpu")) for _ in range(2)]
    runners = [add(pool, script, name) for script, name in zip(scripts, "ab", strict=True)]
    for runner in runners:
        await runner.ensure_loaded()
    assert scripts[0].weights[0] is scripts[1].weights[0]
    await runners[0].aclose()
    assert pool.weights.keys()
    await pool.aclose()
    assert not pool.weights.keys()


async def test_least_recently_used_model_makes_room() -> None:
    pool = ModelRepository(Settings(), memory_budget_mb=100)
    scripts = {name: Script(footprint_bytes=40 * MB) for name in "abc"}
    runners = {name: add(pool, script, name) for name, script in scripts.items()}
    for name in "aba":
        await ask(runners[name])
    await ask(runners["c"])
    assert [runners[name].is_loaded for name in "abc"] == [True, False, True]
    assert runners["b"].is_ready  # it can answer again ...
    await ask(runners["b"])  # ... and does
    assert [runners[name].is_loaded for name in "abc"] == [False, True, True]
    assert {name: script.loads for name, script in scripts.items()} == {"a": 1, "b": 2, "c": 1}
    await pool.aclose()


async def test_running_model_is_never_unloaded() -> None:
    pool = ModelRepository(Settings(), memory_budget_mb=64)
    busy, other = Script(footprint_bytes=60 * MB), Script(footprint_bytes=60 * MB)
    first, second = add(pool, busy, "busy"), add(pool, other, "other")
    await first.ensure_loaded()
    busy.gate.clear()
    running = asyncio.create_task(ask(first))
    assert await asyncio.to_thread(busy.started.acquire, timeout=20)
    await ask(second)
    assert first.is_loaded
    assert busy.unloads == 0
    busy.gate.set()
    await running
    await ask(second)
    assert not first.is_loaded  # room was made once it was idle
    await pool.aclose()


async def test_no_memory_to_load_unloads_the_idle_and_tries_again() -> None:
    pool = ModelRepository(Settings())
    idle, errors = Script(), [MemoryError()]

    def fail_once() -> None:
        if errors:
            raise errors.pop()

    first, second = add(pool, idle, "idle"), add(pool, Script(on_load=fail_once), "large")
    await ask(first)
    await ask(second)
    assert (first.is_loaded, second.is_loaded) == (False, True)
    await pool.aclose()


async def test_every_model_has_a_thread_of_its_own_on_a_gpu_too() -> None:
    """So that the passes of two models overlap; within a model there is one at a time."""
    pool = ModelRepository(Settings())
    scripts = {name: Script() for name in ("gpu1", "gpu2", "cpu1", "cpu2")}
    for name, script in scripts.items():
        runner = add(pool, script, name, "cuda:0" if name.startswith("gpu") else "cpu")
        await asyncio.gather(*(ask(runner) for _ in range(3)))
    assert {name: script.threads for name, script in scripts.items()} == {
        name: {f"infer-{name}-1"} for name in scripts
    }
    await pool.aclose()


async def test_an_idle_model_is_asked_once_to_give_memory_back_where_its_passes_run() -> None:
    pool, script = ModelRepository(Settings()), Script()
    runner = add(pool, script)
    await asyncio.gather(ask(runner), ask(runner))
    assert not script.trimmed_in  # more may come at once
    async with asyncio.timeout(60):
        while not script.trimmed_in:  # noqa: ASYNC110  # what another thread changes
            await asyncio.sleep(0.05)
    assert set(script.trimmed_in) == script.threads
    await ask(runner)
    await pool.aclose()
    assert len(script.trimmed_in) == 1
