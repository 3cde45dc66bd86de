"""When a server is left alone, and when it is asked again."""

import asyncio

import pytest

from contract.errors import (
    CircuitOpen,
    ConnectionLost,
    DeadlineExceeded,
    InvalidRequest,
    ModelFailed,
    ModelNotReady,
    NotReached,
    QueueFull,
)
from transport.client.circuit import Circuit, CircuitPolicy


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


class Server:
    is_ready = False

    async def answer_probe(self):
        return self.is_ready


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
async def circuit(clock, server):
    circuit = Circuit("tts", CircuitPolicy(threshold=3, ttl_s=30), server.answer_probe, clock)
    yield circuit
    await circuit.aclose()


def fail(circuit, error, times, started_s=100.0):
    for _ in range(times):
        circuit.note_error(error, started_s)


async def closed(circuit):
    for _ in range(200):
        if not circuit.is_open:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("still open 10 s after the server was ready")


@pytest.mark.parametrize("error", [NotReached("x"), ModelNotReady("x"), ConnectionLost("x")])
async def test_silence_opens_it(circuit, error):
    fail(circuit, error, 2)
    circuit.refuse_while_open()
    fail(circuit, error, 1)
    with pytest.raises(CircuitOpen):
        circuit.refuse_while_open()


@pytest.mark.parametrize("error", [InvalidRequest("x"), QueueFull("x"), ModelFailed("x")])
async def test_any_answer_proves_that_the_server_is_there(circuit, error):
    fail(circuit, NotReached("x"), 2)
    fail(circuit, error, 1)
    fail(circuit, NotReached("x"), 2)
    assert not circuit.is_open


async def test_deadlines_of_a_hung_server_open_it(circuit, clock):
    clock.now_s = 110.0
    fail(circuit, DeadlineExceeded("x"), 3, started_s=100.0)
    assert circuit.is_open


async def test_impatient_callers_do_not_open_it(circuit, clock):
    clock.now_s = 100.2
    fail(circuit, DeadlineExceeded("x"), 50, started_s=100.0)
    assert not circuit.is_open


async def test_slow_requests_beside_answered_ones_do_not_open_it(circuit, clock):
    clock.now_s = 105.0
    circuit.note_answer()
    clock.now_s = 110.0
    fail(circuit, DeadlineExceeded("x"), 50, started_s=100.0)
    assert not circuit.is_open


async def test_errors_from_behind_the_server_do_not_open_it(circuit):
    behind = NotReached("the vocoder is gone")
    behind.was_retried = True
    fail(circuit, behind, 50)
    assert not circuit.is_open


async def test_it_refuses_no_longer_than_its_time(circuit, clock):
    fail(circuit, NotReached("x"), 3)
    clock.now_s = 131.0
    circuit.refuse_while_open()


async def test_readiness_closes_it_on_probation(circuit, server):
    fail(circuit, NotReached("x"), 3)
    server.is_ready = True
    await closed(circuit)
    fail(circuit, NotReached("x"), 1)
    assert circuit.is_open, "one failure after being ready is enough"


async def test_an_answer_ends_the_probation(circuit, server):
    fail(circuit, NotReached("x"), 3)
    server.is_ready = True
    await closed(circuit)
    circuit.note_answer()
    fail(circuit, NotReached("x"), 2)
    assert not circuit.is_open
