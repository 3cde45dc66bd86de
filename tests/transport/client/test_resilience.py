"""What a caller notices when predictors fail, rest, are replaced, or are asked twice."""

import asyncio
from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.embedding import Embedding
from contract.errors import (
    CircuitOpen,
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    ModelNotReady,
    NotReached,
    QueueFull,
    Unavailable,
)
from contract.tasks import AudioOutput, EmbedSpeakerInput, EmbedSpeakerOutput, SynthesizeInput
from transport.client.cache import MemoryStore, RedisStore, cache_key
from transport.client.circuit import CircuitPolicy
from transport.client.resilience import ResiliencePolicy, ResilientClient

FAST = ResiliencePolicy(
    attempts=3, backoff_s=0.001, max_backoff_s=0.002, circuit=CircuitPolicy(ttl_s=60)
)
SPEECH = AudioOutput(Audio(np.linspace(-0.5, 0.5, 100, dtype=np.float32), 16000))
CATALOG = Catalog(
    ServiceConfig(
        model_configs=(
            ModelConfig(name="main", model="m", model_type="MeloTTSSynthesizer", fallback="spare"),
            ModelConfig(name="spare", model="m", model_type="PiperSynthesizer"),
            ModelConfig(name="alone", model="m", model_type="PiperSynthesizer"),
        )
    )
)


class FailingTransport:
    """Raises the listed errors of a model one by one, then answers."""

    def __init__(self, output=SPEECH, *, ready=False, **errors):
        self.ready = ready
        self.errors = {name: list(raised) for name, raised in errors.items()}
        self.output = output
        self.calls = []

    async def call(self, model, request, context):
        self.calls.append(model)
        if self.errors.get(model):
            raise copy(self.errors[model].pop(0))
        return self.output

    async def is_ready(self, model):
        return self.ready

    async def wake(self, models, context):
        return None


def client(transport, **options):
    return ResilientClient(transport, lambda: CATALOG.current, **({"policy": FAST} | options))


def say(text="hello"):
    return SynthesizeInput(text=text)


@pytest.mark.parametrize("error", [Unavailable("gone"), NotReached("no"), ModelNotReady("soon")])
async def test_a_passing_error_is_not_noticed(error):
    transport = FailingTransport(alone=[error])
    assert await client(transport).call("alone", say(), RequestContext()) is SPEECH
    assert transport.calls == ["alone", "alone"]


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest("bad", param="text"),
        QueueFull("full"),
        ModelFailed("this request failed"),
        ConnectionLost("it died at work"),
        DeadlineExceeded("late"),
    ],
)
async def test_what_a_retry_cannot_mend_is_told_at_once(error):
    transport = FailingTransport(alone=[error])
    with pytest.raises(type(error)):
        await client(transport).call("alone", say(), RequestContext())
    assert transport.calls == ["alone"]


async def test_attempts_are_bounded():
    transport = FailingTransport(alone=[Unavailable("gone")] * 10)
    with pytest.raises(Unavailable, match="gone"):
        await client(transport).call("alone", say(), RequestContext())
    assert len(transport.calls) == 3


async def test_no_retry_after_the_deadline():
    transport = FailingTransport(alone=[Unavailable("gone")] * 10)
    with pytest.raises(Unavailable):
        await client(transport).call("alone", say(), RequestContext().within(0))
    assert len(transport.calls) == 1


async def test_what_another_room_has_retried_is_not_retried_again():
    transport = FailingTransport(alone=[Unavailable("gone")] * 100)
    nearest = client(transport)
    with pytest.raises(Unavailable):
        await client(nearest).call("alone", say(), RequestContext())
    assert len(transport.calls) == 3


async def test_a_server_that_never_answers_is_left_alone_after_five_requests():
    transport = FailingTransport(alone=[NotReached("nobody")] * 100)
    caller = client(transport)
    for _ in range(5):
        with pytest.raises(NotReached):
            await caller.call("alone", say(), RequestContext())
    calls = len(transport.calls)
    with pytest.raises(CircuitOpen, match="alone is temporarily unavailable") as refusal:
        await caller.call("alone", say(), RequestContext())
    assert len(transport.calls) == calls
    assert refusal.value.retry_after_s > 0
    await caller.aclose()


async def test_requests_that_fail_do_not_close_the_model_to_others():
    transport = FailingTransport(alone=[ModelFailed("poison")] * 50)
    caller = client(transport)
    for _ in range(50):
        with pytest.raises(ModelFailed):
            await caller.call("alone", say(), RequestContext())
    assert await caller.call("alone", say(), RequestContext()) is SPEECH
    assert len(transport.calls) == 51


async def test_a_server_that_is_ready_again_is_asked_again_long_before_the_time_is_up():
    transport = FailingTransport(alone=[NotReached("nobody")] * 6)
    caller = client(transport, policy=replace(FAST, attempts=1))
    for _ in range(5):
        with pytest.raises(NotReached):
            await caller.call("alone", say(), RequestContext())
    transport.ready, transport.errors = True, {}
    async with asyncio.timeout(2):
        while True:
            try:
                assert await caller.call("alone", say(), RequestContext()) is SPEECH
                return
            except CircuitOpen:
                await asyncio.sleep(0.05)


async def test_bad_requests_do_not_open_the_circuit():
    transport = FailingTransport(alone=[InvalidRequest("bad")] * 50)
    caller = client(transport)
    for _ in range(50):
        with pytest.raises(InvalidRequest):
            await caller.call("alone", say(), RequestContext())
    assert await caller.call("alone", say(), RequestContext()) is SPEECH


async def test_the_fallback_answers_for_a_broken_model():
    transport = FailingTransport(main=[ModelFailed("broken")] * 10)
    assert await client(transport).call("main", say(), RequestContext()) is SPEECH
    assert transport.calls[-1] == "spare"


async def test_a_bad_request_is_not_sent_to_the_fallback():
    transport = FailingTransport(main=[InvalidRequest("bad")])
    with pytest.raises(InvalidRequest):
        await client(transport).call("main", say(), RequestContext())
    assert transport.calls == ["main"]


async def test_the_same_question_is_answered_from_the_cache():
    transport, context = FailingTransport(), RequestContext()
    caller = client(transport, store=MemoryStore(1 << 20, 60))
    first = await caller.call("alone", say(), RequestContext())
    again = await caller.call("alone", say(), context)
    other = await caller.call("alone", say("bye"), RequestContext())
    assert transport.calls == ["alone", "alone"]
    assert context.trace.cache_hits == ["alone"]
    np.testing.assert_allclose(again.audio.samples, first.audio.samples, atol=1 / 32767)
    assert other is SPEECH


async def test_what_is_private_is_neither_kept_nor_answered_from_the_cache():
    transport, store = FailingTransport(), MemoryStore(1 << 20, 60)
    caller, private = client(transport, store=store), RequestContext(is_private=True)
    await caller.call("alone", say(), private)
    await caller.call("alone", say(), RequestContext())
    await caller.call("alone", say(), private)
    assert transport.calls == ["alone"] * 3
    assert private.trace.cache_hits == []


async def test_a_cached_embedding_is_the_same_to_the_bit():
    voice = Embedding("harmonyspeech", np.random.default_rng(0).random(768, np.float32))
    transport = FailingTransport(output=EmbedSpeakerOutput(voice))
    caller = client(transport, store=MemoryStore(1 << 20, 60))
    request = EmbedSpeakerInput(audio=SPEECH.audio)
    await caller.call("alone", request, RequestContext())
    again = await caller.call("alone", request, RequestContext())
    assert len(transport.calls) == 1
    assert again.embedding.family == "harmonyspeech"
    np.testing.assert_array_equal(again.embedding.vector, voice.vector)


async def test_an_answer_of_the_fallback_is_not_kept_under_the_broken_model():
    transport = FailingTransport(main=[ModelFailed("broken")])
    caller = client(transport, store=MemoryStore(1 << 20, 60))
    await caller.call("main", say(), RequestContext())
    await caller.call("main", say(), RequestContext())
    assert transport.calls == ["main", "spare", "main"]


async def test_the_memory_cache_is_bounded_by_bytes():
    store = MemoryStore(100, 60)
    await store.set("a", b"x" * 60)
    await store.set("b", b"y" * 60)
    await store.set("too large", b"z" * 101)
    assert await store.get("a") is None
    assert await store.get("b") == b"y" * 60
    assert await store.get("too large") is None


async def test_pods_share_a_redis_cache():
    fakeredis = pytest.importorskip("fakeredis")
    async with fakeredis.FakeAsyncRedis() as redis:
        transport = FailingTransport()
        for _ in range(2):
            caller = client(transport, store=RedisStore(redis, 60))
            await caller.call("alone", say(), RequestContext())
    assert transport.calls == ["alone"]


async def test_a_dead_redis_is_only_a_miss():
    class DeadRedis:
        async def get(self, name):
            raise ConnectionError("refused")

        async def set(self, name, value, *, px):
            raise ConnectionError("refused")

        async def aclose(self):
            return None

    caller = client(FailingTransport(), store=RedisStore(DeadRedis(), 60))
    assert await caller.call("alone", say(), RequestContext()) is SPEECH


async def test_a_redis_that_hangs_is_only_a_miss():
    class HangingRedis:
        async def get(self, name):
            await asyncio.Event().wait()

        async def set(self, name, value, *, px):
            await asyncio.Event().wait()

        async def aclose(self):
            return None

    caller = client(FailingTransport(), store=RedisStore(HangingRedis(), 60, wait_s=0.01))
    assert await caller.call("alone", say(), RequestContext()) is SPEECH


def test_keys_differ_whenever_the_answer_may():
    config = CATALOG.current.find("alone")
    tones = [Audio(np.full(8, level, np.float32), rate) for level in (0.1, 0.2) for rate in (8, 16)]
    keys = {cache_key("alone", config, EmbedSpeakerInput(audio=tone)) for tone in tones}
    keys.add(cache_key("main", config, EmbedSpeakerInput(audio=tones[0])))
    retuned = config.model_copy(update={"model": "other"})
    keys.add(cache_key("alone", retuned, EmbedSpeakerInput(audio=tones[0])))
    assert len(keys) == 6


async def test_middleware_sees_requests_and_outputs_in_order():
    seen = []

    class Tag:
        def __init__(self, name):
            self.name = name

        async def process_request(self, model, request, context):
            seen.append(f"{self.name} in")
            return replace(request, text=request.text + self.name)

        async def process_response(self, model, output, context):
            seen.append(f"{self.name} out")
            return output

    class Recorder(FailingTransport):
        async def call(self, model, request, context):
            seen.append(request.text)
            return SPEECH

    caller = client(Recorder(), middleware=[Tag("A"), Tag("B")])
    await caller.call("alone", say("hi "), RequestContext())
    assert seen == ["A in", "B in", "hi AB", "B out", "A out"]
