"""What every model type must do, run over the whole registry with real or synthetic weights, and
over the tiny model types, which need none. A new type is tested here before anybody writes a test
for it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from model_requests import alike, names_of, three_requests
from synthetic_models import SYNTHETIC_MODELS
from tiny_models import TINY_MODEL_TYPES, tiny_config
from wire_reading import input_from_message

from contract.audio.codec import Audio
from contract.config import ModelConfig, load_config
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import InvalidRequest, SpeechError
from contract.model_types import MODEL_TYPE_TASKS, MODEL_TYPES
from contract.tasks import INPUTS, TaskInput
from contract.wire.tensors import to_message
from predictors.runtime.direct import answers
from predictors.runtime.model import Model
from predictors.runtime.registry import missing_packages, model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings
from predictors.runtime.sizes import size_of
from predictors.runtime.weights.errors import WeightsMissing
from transport.kserve.metadata import task_metadata

ROOT = Path(__file__).parents[3]
CONFIGURED = {entry.model_type: entry for entry in load_config(ROOT / "config.yml").model_configs}
ENTRIES = [
    *(
        pytest.param(name, marks=() if name in SYNTHETIC_MODELS else pytest.mark.weights)
        for name in MODEL_TYPES
    ),
    *(pytest.param(kind.__name__) for kind in TINY_MODEL_TYPES.values()),
]


@dataclasses.dataclass(frozen=True)
class Loaded:
    kind: type[Model[Any, Any]]
    config: ModelConfig
    pool: ModelRepository
    runner: ModelRunner
    model: Model[Any, Any]
    """A second one, loaded beside the runner's, to be asked without a scheduler."""

    async def ask(self, request: TaskInput[Any]) -> Any:
        return await self.runner.submit(request, RequestContext())


def _find(name: str, folder: Path) -> tuple[type[Model[Any, Any]], ModelConfig]:
    for task, kind in TINY_MODEL_TYPES.items():
        if kind.__name__ == name:
            return kind, tiny_config(task)
    if missing_packages(name):
        pytest.skip(f"{name} needs {', '.join(missing_packages(name))}")
    if name in SYNTHETIC_MODELS:
        return model_type_class(name), SYNTHETIC_MODELS[name](folder)
    if name not in CONFIGURED:
        pytest.skip(f"config.yml has no entry whose weights install for {name}")
    return model_type_class(name), CONFIGURED[name]


@pytest_asyncio.fixture(params=ENTRIES, scope="module", loop_scope="module")
async def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Loaded]:
    kind, config = _find(request.param, tmp_path_factory.mktemp("model"))
    pool = ModelRepository(Settings(load_retry_s=3600))
    runner = pool.add(config, kind)
    weights = pool.weights.holder()
    try:
        model = kind.load(config, weights)
    except WeightsMissing as exc:
        pytest.skip(exc.message)
    await runner.ensure_loaded()
    yield Loaded(kind, config, pool, runner, model)
    weights.release()
    await pool.aclose()
    assert not pool.weights.keys(), "unloading left shared weights behind"


pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.usefixtures("torch_on_one_thread"),
]


async def test_serves_the_task_it_is_listed_under(loaded: Loaded) -> None:
    spec = loaded.kind.spec
    assert MODEL_TYPE_TASKS.get(loaded.kind.__name__, spec.task) is spec.task
    described = task_metadata(spec.task)
    assert described["inputs"]
    assert described["outputs"]
    if spec.packages:
        assert spec.extra
        assert spec.image


async def test_answers_its_warm_up_request(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    output = await loaded.ask(request)
    assert isinstance(output, INPUTS[loaded.kind.spec.task].output)
    for unit in loaded.model.prepare(request).units:
        assert 0 < unit.cost <= loaded.model.max_batch_cost
        hash(unit.key)


async def test_warm_up_request_survives_the_wire(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    read = input_from_message(loaded.kind.spec.task, to_message(request))
    loaded.model.prepare(read)


async def test_batch_of_three_equals_three_singles(loaded: Loaded) -> None:
    requests = three_requests(loaded.model.warm_up_request())
    singles = [answer_of(answers(loaded.model, [request])) for request in requests]
    again = answer_of(answers(loaded.model, [requests[0]]))
    batch = answers(loaded.model, requests)
    assert [type(answer) for answer in batch] == [type(answer) for answer in singles]
    if not alike(singles[0], again):
        pytest.skip("draws at random: the same request twice gives two answers")
    for one, single in zip(batch, singles, strict=True):
        assert alike(one, single)


async def test_through_the_scheduler_everybody_gets_their_own_answer(loaded: Loaded) -> None:
    requests = three_requests(loaded.model.warm_up_request())
    found = await asyncio.gather(*(loaded.ask(request) for request in requests))
    assert [type(answer) for answer in found] == [requests[0].output] * 3
    if "text" in names_of(requests[0]):  # a longer text is a longer answer
        sizes = [size_of(answer) for answer in found]
        assert sizes[0] < sizes[2] < sizes[1]


async def test_odd_input_is_answered_or_refused_but_never_an_error_of_ours(loaded: Loaded) -> None:
    for request in odd_requests(loaded.model.warm_up_request()):
        (outcome,) = await asyncio.gather(loaded.ask(request), return_exceptions=True)
        if isinstance(outcome, Exception):
            assert isinstance(outcome, SpeechError), request
            assert 400 <= outcome.status < 500, f"{request}: {outcome.message}"
            assert str(ROOT) not in outcome.message


async def test_unknown_voice_is_refused_by_name(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    if "voice" not in names_of(request):
        pytest.skip("has no voices")
    with pytest.raises(InvalidRequest) as refused:
        await loaded.ask(dataclasses.replace(request, voice="nobody-has-this-voice"))
    assert refused.value.param == "voice"


async def test_unloads_and_loads_again(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    before = await loaded.ask(request)
    assert await loaded.runner.put_to_sleep()
    assert not loaded.runner.is_loaded
    after = await loaded.ask(request)
    assert type(after) is type(before)
    assert loaded.model.size_bytes >= 0


async def test_seeded_request_gives_the_same_bytes_alone_and_in_any_batch(loaded: Loaded) -> None:
    (request, *_) = three_requests(loaded.model.warm_up_request())
    if "seed" not in names_of(request):
        pytest.skip("has no seed")
    seeded = dataclasses.replace(request, seed=1961)
    alone = await loaded.ask(seeded)
    others = [*three_requests(loaded.model.warm_up_request()), request, request]
    for crowd in ([seeded, *others], [*others, seeded], [seeded, seeded, others[1]]):
        found = await asyncio.gather(*(loaded.ask(one) for one in crowd))
        for one, answer in zip(crowd, found, strict=True):
            if one is seeded:
                np.testing.assert_array_equal(answer.audio.samples, alone.audio.samples)


def answer_of(found: Sequence[Any]) -> Any:
    (answer,) = found
    return answer


def odd_requests(request: TaskInput[Any]) -> list[Any]:
    """What the wire lets through and no model was trained on."""
    given = names_of(request)
    changes: list[dict[str, Any]] = []
    if "audio" in given:
        changes += [{"audio": Audio(np.zeros(n, np.float32), 16_000)} for n in (1, 160, 16_000)]
        changes += [{"audio": Audio(_noise(rate), rate)} for rate in (8_000, 44_100, 192_000)]
    if "text" in given:
        changes += [
            {"text": text}
            for text in ("\N{SLIGHTLY SMILING FACE}", "\x01\x02", "...", "7", "中文", "x" * 300)
        ]
    changes += [
        {name: Embedding("nobody", np.ones(7, np.float32))}
        for name in ("embedding", "target_embedding", "source_embedding")
        if name in given
    ]
    changes += [{"language": "xx"}] if "language" in given else []
    return [dataclasses.replace(request, **change) for change in changes]  # type: ignore[type-var]


def _noise(rate: int) -> Any:
    return np.random.default_rng(0).uniform(-1, 1, rate).astype(np.float32)
