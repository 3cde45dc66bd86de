"""KServe's InferenceGraph router, rule by rule. Lines are of kserve/kserve v0.20.0
cmd/router/main.go, which is the same file in v0.19.0 and on master of 2026-08-21.

What is deliberately as odd as there: any path and method is taken, every step is a POST to exactly
its URL, no header travels but the content type, a Soft step's error body is fed on, a Switch that
nothing matches is a 404 only in the root, and an Ensemble's numbers pass through float64.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gjson
import httpx

JSON = "application/json"
SERVER_WRITE_S = 60.0
"""446-466, 517: the default; a slower answer is cut and the caller reads an empty reply."""


class Failed(Exception):
    """An error of the router itself or of the way to a step: what Go returns as `err`."""

    def __init__(self, cause: str, status: int = 500) -> None:
        super().__init__(cause)
        self.status = status


@dataclass(frozen=True)
class Answer:
    body: bytes
    status: int

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299


@dataclass
class GraphRouter:
    """One graph as an ASGI application. `resolve` plays the cluster's DNS for serviceUrl."""

    spec: Mapping[str, Any]
    resolve: Callable[[str], str]
    called: list[str] = field(default_factory=list)
    """Every URL that was called, in order of time."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """405-423, 470-476."""
        body = await _read(receive)
        if scope["path"] == "/readyz":
            await _reply(send, b"", 200)
            return
        write_s = self._timeouts.get("serverWrite", SERVER_WRITE_S)
        try:
            async with asyncio.timeout(write_s):
                answer = await self._answer(body)
        except TimeoutError:
            await _begin(send, 200, [(b"content-length", b"1")])
            return  # and uvicorn closes the connection, which Go does without even a status line
        await _reply(send, answer.body, answer.status)

    @property
    def _timeouts(self) -> Mapping[str, float]:
        found: Mapping[str, float] = self.spec.get("routerTimeouts", {})
        return found

    async def _answer(self, body: bytes) -> Answer:
        """393-413."""
        try:
            return await self._node("root", body)
        except Failed as error:
            said = {"error": "Failed to process request", "cause": str(error)}
            return Answer(json.dumps(said).encode(), error.status)

    async def _node(self, name: str, body: bytes) -> Answer:
        """242-376."""
        node = self.spec["nodes"].get(name, {})
        steps = node.get("steps", [])
        kinds = {
            "Sequence": self._sequence,
            "Switch": self._switch,
            "Ensemble": self._ensemble,
            "Splitter": self._splitter,
        }
        kind = node.get("routerType", "")
        if kind not in kinds:
            raise Failed(f"invalid route type: {kind}")
        return await kinds[kind](steps, body)

    async def _step(self, step: Mapping[str, Any], body: bytes) -> Answer:
        """385-391; its own errors are 500, whatever status a node below gave them (227-229)."""
        try:
            if step.get("nodeName"):
                return await self._node(step["nodeName"], body)
            return await self._call(step["serviceUrl"], body)
        except Failed as error:
            raise Failed(str(error)) from error

    async def _sequence(self, steps: Sequence[Mapping[str, Any]], body: bytes) -> Answer:
        """318-373."""
        answer = Answer(b"", 0)
        for index, step in enumerate(steps):
            sent = body
            if step.get("data") == "$response" and index > 0:
                sent = answer.body
            if step.get("mapPredictionsToInstances"):
                sent = _instances(sent)
            if step.get("condition"):
                if not _is_json(answer.body):
                    raise Failed("invalid response")
                if not exists(answer.body, step["condition"]):
                    return Answer(answer.body, 200)
            answer = await self._step(step, sent)
            if step.get("dependency") == "Hard" and not answer.is_success:
                return answer
        return answer

    async def _switch(self, steps: Sequence[Mapping[str, Any]], body: bytes) -> Answer:
        """195-205, 255-265."""
        for step in steps:
            if _is_json(body) and exists(body, step.get("condition", "")):
                return await self._step(step, body)
        raise Failed("None of the routes matched with the switch condition", 404)

    async def _splitter(self, steps: Sequence[Mapping[str, Any]], body: bytes) -> Answer:
        """179-193, 246-254."""
        (chosen,) = random.choices(steps, [step["weight"] for step in steps])
        return await self._step(chosen, body)

    async def _ensemble(self, steps: Sequence[Mapping[str, Any]], body: bytes) -> Answer:
        """266-317; answers are taken in the order of the steps, the others run on."""
        branches = [asyncio.ensure_future(self._branch(step, body)) for step in steps]
        for branch in branches:
            branch.add_done_callback(_heard)
        merged: dict[str, Any] = {}
        for index, (step, branch) in enumerate(zip(steps, branches, strict=True)):
            await _first_of(branch, branches)
            response, status = await branch
            if step.get("dependency") == "Hard" and not 200 <= status <= 299:
                return Answer(_go_json(response), status)
            merged[step.get("name") or str(index)] = response
        return Answer(_go_json(merged), 200)

    async def _branch(self, step: Mapping[str, Any], body: bytes) -> tuple[Any, int]:
        answer = await self._step(step, body)
        try:
            response = json.loads(answer.body, parse_int=float)
        except ValueError as exc:
            raise Failed(str(exc)) from exc
        if not isinstance(response, dict):
            raise Failed("json: cannot unmarshal into Go value of type map[string]interface {}")
        return response, answer.status

    async def _call(self, url: str, body: bytes) -> Answer:
        """94-177."""
        self.called.append(url)
        timeout_s = self._timeouts.get("serviceClient")
        try:
            async with httpx.AsyncClient(timeout=timeout_s, trust_env=False) as http:
                reply = await http.post(
                    self.resolve(url), content=body, headers={"content-type": JSON}
                )
        except httpx.HTTPError as exc:
            raise Failed(f'Post "{url}": {type(exc).__name__}') from exc
        return Answer(reply.content, reply.status_code)


async def _first_of(branch: asyncio.Future[Any], all_branches: Sequence[Any]) -> None:
    """Wait for `branch`, or raise what another one failed with meanwhile: one channel for all."""
    while not branch.done():
        pending = [one for one in all_branches if not one.done()]
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            if one.exception() is not None:
                raise one.exception()


def _heard(branch: asyncio.Future[Any]) -> None:
    """Nobody may be left to take the error of a branch that runs on."""
    if not branch.cancelled():
        branch.exception()


def exists(body: bytes, condition: str) -> bool:
    """gjson's `.Exists()`: a null that is there exists."""
    try:
        gjson.get(json.loads(body), condition)
    except gjson.GJSONError:
        return False
    return True


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _instances(body: bytes) -> bytes:
    """335-346, 237-240: of a V1 answer its list alone is left, as what a V1 request calls it."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return body
    predictions = parsed.get("predictions") if isinstance(parsed, dict) else None
    return json.dumps({"instances": predictions}).encode() if predictions else body


def _go_json(value: Any) -> bytes:
    """A map as Go writes it: sorted keys; whole float64 numbers without a fraction."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":")).encode()


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e21
    return int(value) if is_whole else value


async def _read(receive: Any) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


async def _reply(send: Any, body: bytes, status: int) -> None:
    await _begin(send, status, [(b"content-type", JSON.encode())] if _is_json(body) else [])
    await send({"type": "http.response.body", "body": body})


async def _begin(send: Any, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
