"""The emulated graph router keeps the rules that the chart's graphs do not use, too."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graph_router import GraphRouter
from http_threads import serving

BAD = json.dumps({"error": "no"}).encode()


async def steps_app(scope: Any, receive: Any, send: Any) -> None:
    """/echo answers what it was sent and how; /bad a 400; /list a list; /slow after a second."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["path"] == "/slow":
        await asyncio.sleep(1)
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    echoed = {"got": json.loads(body), "method": scope["method"], "headers": headers}
    answers = {"/bad": BAD, "/list": b"[1]", "/same": bytes(body)}
    said = answers.get(scope["path"], json.dumps(echoed).encode())
    status = 400 if scope["path"] == "/bad" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-step", b"1")]})
    await send({"type": "http.response.body", "body": said})


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with serving(steps_app) as url:
        yield url


def node(kind: str, *steps: dict[str, Any]) -> dict[str, Any]:
    named = [{"name": f"s{index}", **step} for index, step in enumerate(steps)]
    return {"routerType": kind, "steps": named}


def call(path: str, **rules: Any) -> dict[str, Any]:
    return {"serviceUrl": f"http://step{path}", **rules}


async def run(
    service: str, nodes: dict[str, Any], body: Any = None, **timeouts: float
) -> httpx.Response:
    router = GraphRouter(
        {"nodes": nodes, "routerTimeouts": timeouts},
        lambda url: url.replace("http://step", service),
    )
    with serving(router) as url:
        async with httpx.AsyncClient() as http:
            return await http.post(
                f"{url}/any?a=b", json=body or {"a": 1}, headers={"x-request-id": "mine"}
            )


async def test_a_step_is_a_post_without_the_caller_s_headers(service):
    answer = await run(service, {"root": node("Sequence", call("/echo"))})
    echoed = answer.json()
    assert (echoed["method"], echoed["got"]) == ("POST", {"a": 1})
    assert "x-request-id" not in echoed["headers"]
    assert echoed["headers"]["content-type"] == "application/json"
    assert "x-step" not in answer.headers


async def test_without_response_every_step_gets_the_node_s_input(service):
    answer = await run(service, {"root": node("Sequence", call("/bad"), call("/echo"))})
    assert (answer.status_code, answer.json()["got"]) == (200, {"a": 1})


async def test_a_soft_step_feeds_its_error_on_and_the_last_step_decides_the_status(service):
    soft = node("Sequence", call("/bad"), call("/echo", data="$response"))
    answer = await run(service, {"root": soft})
    assert (answer.status_code, answer.json()["got"]) == (200, {"error": "no"})


async def test_a_hard_step_ends_the_sequence_with_its_body_and_status(service):
    hard = node("Sequence", call("/bad", dependency="Hard"), call("/echo", data="$response"))
    answer = await run(service, {"root": hard})
    assert (answer.status_code, answer.content) == (400, BAD)


async def test_an_unmet_condition_ends_a_sequence_with_200(service):
    steps = call("/bad"), call("/echo", data="$response", condition="more")
    answer = await run(service, {"root": node("Sequence", *steps)})
    assert (answer.status_code, answer.content) == (200, BAD)


async def test_a_condition_on_the_first_step_is_a_500(service):
    answer = await run(service, {"root": node("Sequence", call("/echo", condition="a"))})
    assert (answer.status_code, answer.json()["cause"]) == (500, "invalid response")


async def test_predictions_become_instances_where_asked(service):
    steps = call("/same"), call("/same", data="$response", mapPredictionsToInstances=True)
    answer = await run(service, {"root": node("Sequence", *steps)}, {"predictions": [1]})
    assert answer.json() == {"instances": [1]}


async def test_an_ensemble_merges_objects_and_refuses_the_rest(service):
    answer = await run(service, {"root": node("Ensemble", call("/same"), call("/bad"))})
    assert answer.json() == {"s0": {"a": 1}, "s1": {"error": "no"}}
    assert answer.status_code == 200
    answer = await run(service, {"root": node("Ensemble", call("/same"), call("/list"))})
    assert answer.status_code == 500


async def test_an_ensemble_with_a_failing_hard_step_gives_its_status_and_body(service):
    hard = node("Ensemble", call("/same"), call("/bad", dependency="Hard"))
    answer = await run(service, {"root": hard})
    assert (answer.status_code, answer.json()) == (400, {"error": "no"})


async def test_a_switch_below_another_node_that_matches_nothing_is_a_500(service):
    switch = node("Switch", call("/echo", condition="b"))
    assert (await run(service, {"root": switch})).status_code == 404
    nodes = {"root": node("Sequence", {"nodeName": "below"}), "below": switch}
    assert (await run(service, nodes)).status_code == 500


async def test_a_splitter_takes_one_step(service):
    split = node("Splitter", call("/same", weight=100), call("/bad", weight=0))
    assert (await run(service, {"root": split})).json() == {"a": 1}


async def test_integers_pass_an_ensemble_as_float64(service):
    body = {"big": 2**53 + 1, "small": 7, "part": 0.5}
    answer = await run(service, {"root": node("Ensemble", call("/same"))}, body)
    assert answer.json()["s0"] == {"big": 2**53, "small": 7, "part": 0.5}


async def test_a_slow_chain_is_cut_by_server_write_and_a_slow_step_by_service_client(service):
    slow = {"root": node("Sequence", call("/slow"))}
    with pytest.raises(httpx.RemoteProtocolError):
        await run(service, slow, serverWrite=0.2)
    answer = await run(service, slow, serviceClient=0.2)
    assert (answer.status_code, answer.json()["error"]) == (500, "Failed to process request")
