"""A lone model that loads while its server is imported: safe, once, and as honest as any load."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from contract.config import ModelConfig, load_config
from contract.context import RequestContext
from contract.errors import ModelNotReady
from contract.model_types import MODEL_TYPES
from predictors.runtime.registry import model_type_class, on_first_use
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings

CONFIG = Path(__file__).parents[3] / "config.yml"
ENTRIES = {one.model_type: one for one in load_config(CONFIG).model_configs}
LOADS_AHEAD = [name for name, one in MODEL_TYPES.items() if one.loads_ahead]
_BESIDE = """
import sys
from contract.config import ModelConfig
import predictors.server
from predictors.runtime.direct import warm_up
from predictors.runtime.registry import model_type_class
from predictors.runtime.weights.store import WeightStore
entry = ModelConfig.model_validate_json(sys.argv[1])
kind = model_type_class(entry.model_type)
before = set(sys.modules)
if sys.argv[2] == "load":
    warm_up(kind.load(entry, WeightStore().holder()))
else:
    import transport.kserve.server
print(*(set(sys.modules) - before))
"""


def imported(entry: ModelConfig, what: str) -> set[str]:
    """By a process that has imported the model type: to load and warm up, or for the server."""
    done = subprocess.run(
        [sys.executable, "-c", _BESIDE, entry.model_dump_json(), what],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.weights
@pytest.mark.parametrize("model_type", LOADS_AHEAD)
def test_a_load_beside_the_imports_of_the_server_imports_none_of_them(model_type: str) -> None:
    entry = ENTRIES[model_type]
    of_server = imported(entry, "server")
    assert "kserve.model_server" in of_server
    assert not imported(entry, "load") & (of_server | {"pandas"})


@pytest.mark.weights
@pytest.mark.parametrize("model_type", LOADS_AHEAD)
async def test_the_first_load_takes_what_was_loaded_ahead(model_type: str) -> None:
    pool = ModelRepository(Settings())
    entry = ENTRIES[model_type]
    runner = pool.add(entry, on_first_use(model_type))
    pool.load_ahead()
    assert not runner.is_ready  # nobody has seen it answer
    async with pool.kept_ready():
        await runner.ensure_loaded()
        assert runner.is_ready
        keys = pool.weights.keys()
        model = model_type_class(model_type).load(entry, pool.weights.holder())
        assert pool.weights.keys() == keys  # nothing was loaded twice
        await runner.submit(model.warm_up_request(), RequestContext())


async def test_a_load_ahead_that_fails_says_why_as_any_other() -> None:
    pool = ModelRepository(Settings(load_retry_s=60))
    entry = ENTRIES["FasterWhisper"].model_copy(update={"model": "./nowhere"})
    runner = pool.add(entry, on_first_use("FasterWhisper"))
    pool.load_ahead()
    with pytest.raises(ModelNotReady, match="local path at which there is nothing"):
        await runner.ensure_loaded()
    await pool.aclose()


def is_loading(name: str) -> bool:
    return any(thread.name.startswith(f"load-{name}") for thread in threading.enumerate())


@pytest.mark.weights
async def test_several_models_and_those_of_the_hub_wait_for_the_event_loop() -> None:
    alone, several, of_hub, lazy = (
        ModelRepository(Settings(load_at_start=n < 3)) for n in range(4)
    )
    for model_type in LOADS_AHEAD:
        several.add(ENTRIES[model_type], on_first_use(model_type))
    whisper, denoiser = ENTRIES["FasterWhisper"], ENTRIES["DeepFilterNet"]
    for pool, entry in ((alone, whisper), (lazy, denoiser), (of_hub, whisper)):
        model = "tiny.en" if pool is of_hub else entry.model
        entry = entry.model_copy(update={"name": "only", "model": model})
        pool.add(entry, on_first_use(entry.model_type))
    for pool in (several, of_hub, lazy):
        pool.load_ahead()
        assert not any(is_loading(name) for name in pool.runners)
    alone.load_ahead()
    assert is_loading("only")
    await alone.aclose()
