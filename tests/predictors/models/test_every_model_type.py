"""What every model type must do, run over the whole registry with real or synthetic weights, and
over the tiny model types, which need none. A new type is tested here before anybody writes a test
for it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from one_thread import one_thread
from synthetic_models import SYNTHETIC_MODELS
from tiny_models import TINY_MODEL_TYPES, tiny_config
from wire_reading import input_from_message

from contract.audio.codec import Audio, decode
from contract.config import ModelConfig, load_config
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import InvalidRequest, SpeechError
from contract.fields import fields_of
from contract.model_types import MODEL_TYPE_TASKS
from contract.tasks import INPUTS, TaskInput
from contract.wire.tensors import describe, to_message
from predictors.runtime.model import ModelType
from predictors.runtime.registry import MODEL_TYPES, missing_packages, model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.runner import ModelRunner
from predictors.runtime.settings import Settings
from predictors.runtime.weights.errors import WeightsMissing

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
    kind: type[ModelType[Any, Any]]
    config: ModelConfig
    pool: ModelRepository
    runner: ModelRunner
    model: ModelType[Any, Any]
    """A second instance, loaded beside the runner's, to be asked without a scheduler."""

    async def ask(self, request: TaskInput[Any]) -> Any:
        return await self.runner.submit(request, RequestContext())


def _find(name: str, folder: Path) -> tuple[type[ModelType[Any, Any]], ModelConfig]:
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


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest_asyncio.fixture(params=ENTRIES, scope="module", loop_scope="module")
async def loaded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Loaded]:
    kind, config = _find(request.param, tmp_path_factory.mktemp("model"))
    pool = ModelRepository(Settings(load_retry_s=3600))
    runner = pool.add(config, kind)
    holder = pool.weights.holder()
    model = kind(config, holder)
    try:
        model.load()
    except WeightsMissing as exc:
        pytest.skip(exc.message)
    await runner.ensure_loaded()
    yield Loaded(kind, config, pool, runner, model)
    model.unload()
    holder.release()
    await pool.aclose()
    assert not pool.weights.keys(), "unload() left shared weights behind"


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_serves_the_task_it_is_listed_under(loaded: Loaded) -> None:
    assert MODEL_TYPE_TASKS.get(loaded.kind.__name__, loaded.kind.task) is loaded.kind.task
    inputs, outputs = describe(loaded.kind.task)
    assert inputs
    assert outputs
    if loaded.kind.packages:
        assert loaded.kind.extra


async def test_answers_its_warm_up_request(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    output = await loaded.ask(request)
    assert isinstance(output, INPUTS[loaded.kind.task].output)
    assert 0 < loaded.model.cost(request) <= loaded.kind.max_batch_cost
    hash(loaded.model.batch_key(request))


async def test_warm_up_request_survives_the_wire(loaded: Loaded) -> None:
    request = loaded.model.warm_up_request()
    read = input_from_message(loaded.kind.task, to_message(request))
    loaded.model.check(read)


async def test_batch_of_three_equals_three_singles(loaded: Loaded) -> None:
    requests = three_requests(loaded.model.warm_up_request())
    if len({loaded.model.batch_key(request) for request in requests}) > 1:
        requests = [requests[0]] * 3
    singles = [answer_of(loaded.model.infer([request])) for request in requests]
    again = answer_of(loaded.model.infer([requests[0]]))
    batch = loaded.model.infer(requests)
    assert [type(answer) for answer in batch] == [type(answer) for answer in singles]
    if not alike(singles[0], again):
        pytest.skip("draws at random: the same request twice gives two answers")
    for one, single in zip(batch, singles, strict=True):
        assert alike(one, single)


async def test_through_the_scheduler_everybody_gets_their_own_answer(loaded: Loaded) -> None:
    requests = three_requests(loaded.model.warm_up_request())
    answers = [await loaded.ask(request) for request in requests]
    assert [type(answer) for answer in answers] == [requests[0].output] * 3


async def test_odd_input_is_answered_or_refused_but_never_our_fault(loaded: Loaded) -> None:
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
    before = answer_of(loaded.model.infer([request]))
    loaded.model.unload()
    loaded.model.load()
    after = answer_of(loaded.model.infer([request]))
    assert type(after) is type(before)
    assert loaded.model.footprint_bytes() >= 0


def answer_of(answers: Sequence[Any]) -> Any:
    (answer,) = answers
    return answer


def names_of(value: object) -> set[str]:
    return {field.name for field in fields_of(type(value))}


def three_requests(request: TaskInput[Any]) -> list[Any]:
    """Requests of three lengths, where the task has sound or text to vary."""
    speech = decode((ROOT / "tests/data/jfk.flac").read_bytes(), max_bytes=1 << 21, max_seconds=60)
    rate = speech.sample_rate
    if "audio" in names_of(request):
        clips = (speech.samples[: rate * 2], speech.samples[rate : rate * 4], speech.samples)
        return [dataclasses.replace(request, audio=Audio(c, rate)) for c in clips]  # type: ignore[type-var]
    if "text" in names_of(request):
        texts = ("Yes.", "A longer sentence, with a pause.", "Three words more.")
        return [dataclasses.replace(request, text=text) for text in texts]  # type: ignore[type-var]
    return [request] * 3


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


def alike(left: Any, right: Any) -> bool:
    """Equal up to the rounding of floating point; padding in a batch may move the last bits."""
    if dataclasses.is_dataclass(left) and not isinstance(left, type):
        names = [field.name for field in dataclasses.fields(left)]
        return all(alike(getattr(left, name), getattr(right, name)) for name in names)
    if isinstance(left, np.ndarray):
        return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-2, atol=2e-3))
    if isinstance(left, tuple):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, float):
        return bool(np.isclose(left, right, rtol=1e-2, atol=2e-2))
    return bool(left == right)
