"""The one subclass of kserve.Model: what a server does with a request, whatever its protocol.

read, in a thread → answer, on the event loop → spell, in a thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import orjson

from contract.audio.codec import Audio, undecoded
from contract.context import RequestContext
from contract.errors import InvalidRequest, ModelFailed, SpeechError
from contract.json_guard import read_json
from contract.tasks import Task, TaskInput, TaskOutput
from contract.wire.codecs import Draft, Recording
from contract.wire.instances import Instance, draft_from_instance, enrich
from contract.wire.message import Message
from contract.wire.tensors import (
    PRIORITY,
    TASK,
    draft_from_message,
    to_message,
    wanted_task,
)
from transport.asgi.settings import MEGABYTE
from transport.client.http import TRACE_PARAMETER
from transport.decoding.decoders import Decoders
from transport.decoding.refusals import MAX_RATE, MIN_RATE, AudioLimits
from transport.headers import PRIORITY_HEADER, REQUEST_ID_HEADER, context_from_headers
from transport.kserve.errors import AnsweredError
from transport.kserve.metadata import bare_tensors, task_metadata
from transport.kserve.sdk import Model
from transport.kserve.settings import ServingSettings
from transport.threads import off_loop, weight
from transport.v1_body import instances_from_body

logger = logging.getLogger(__name__)


class Served(Protocol):
    """What stands behind the protocols: one predictor or one toolchain."""

    @property
    def name(self) -> str: ...

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks it answers; the first is meant when a request names none."""
        ...

    @property
    def is_ready(self) -> bool: ...

    def admit(self, context: RequestContext) -> None:
        """Refuse what need not be decoded to be refused. Raises SpeechError."""
        ...

    async def submit(self, request: TaskInput[Any], context: RequestContext) -> TaskOutput:
        """Answer. Raises SpeechError; may report steps in the context's trace."""
        ...


class ServedModel(Model):
    """Something that answers tasks, behind V1, V2 REST and V2 gRPC."""

    def __init__(self, served: Served, settings: ServingSettings, decoders: Decoders) -> None:
        super().__init__(served.name, return_response_headers=True)
        self._served = served
        self._settings = settings
        self._decoders = decoders
        self._limits = AudioLimits(settings.max_body_mb * MEGABYTE, settings.max_audio_s)

    async def healthy(self) -> bool:
        return self._served.is_ready

    def load(self) -> bool:
        """Tells readiness and loads nothing: the SDK calls this on the event loop."""
        return self._served.is_ready

    def start(self) -> None:
        """Nothing to do; the SDK's own would claim readiness."""

    def get_input_types(self) -> list[dict[str, Any]]:
        return bare_tensors(self._served.tasks[0])[0]

    def get_output_types(self) -> list[dict[str, Any]]:
        return bare_tensors(self._served.tasks[0])[1]

    def metadata(self) -> dict[str, Any]:
        """V2 model metadata, with the parameters and the words that the SDK's answer leaves out.

        The first task stands at the top, as V2 wants it; all of them are under `tasks`.
        """
        tasks = [task_metadata(task) for task in self._served.tasks]
        own = {"name": self.name, "platform": "harmony-speech", "versions": []}
        return own | tasks[0] | {"tasks": tasks}

    # Requests ---------------------------------------------------------------------------------

    def admit(self, headers: Mapping[str, str]) -> RequestContext:
        """Refuse what need not be read to be refused. Raises SpeechError."""
        context = context_from_headers(headers, max_timeout_s=self._settings.timeout_s)
        self._served.admit(context)
        return context

    def read(self, message: Message, *, may_be_text: bool = False) -> Draft:
        """A V2 request as the input of its task. Raises InvalidRequest that names the field."""
        default, *others = self._served.tasks
        task = wanted_task(message, default, frozenset({default, *others}))
        return draft_from_message(
            task, message, max_bytes=self._limits.max_bytes, may_be_text=may_be_text
        )

    async def answer(self, draft: Draft, context: RequestContext) -> TaskOutput:
        """Decode what is still to be decoded, and ask the model. Raises SpeechError."""
        request = await draft.complete(
            lambda one: _decoded(one, self._decoders, self._limits, context.deadline_s)
        )
        return await self._served.submit(request, context)

    def spell(self, output: TaskOutput, asked: Message, context: RequestContext) -> Message:
        """A V2 answer: the outputs that were asked for. Raises InvalidRequest, ModelFailed."""
        answer = to_message(output)
        if context.trace.steps:
            answer.parameters[TRACE_PARAMETER] = context.trace.to_json()
        kept = asked.answered_with(answer)
        return dataclasses.replace(kept, request_id=asked.request_id or context.request_id)

    async def predict(  # type: ignore[override]  # the SDK's other forms of payload never come here
        self,
        payload: Any,
        headers: Mapping[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> bytes:
        """Answer V1: the body as bytes, or parsed where it came as a CloudEvent. Raises
        AnsweredError only."""
        answer_headers = {} if response_headers is None else response_headers
        try:
            with only_speech_errors(self.name):
                context = self.admit(headers or {})
                answer_headers[REQUEST_ID_HEADER] = context.request_id
                answer_headers["content-type"] = "application/json"
                return await self._predict(payload, context)
        except SpeechError as error:
            raise AnsweredError(error) from error

    async def _predict(self, payload: Any, context: RequestContext) -> bytes:
        size = len(payload) if isinstance(payload, bytes) else 0
        instances, drafts = await off_loop(size, lambda: self._read_instances(payload))
        outputs = await _all_or_first_error(self.answer(one, context) for one in drafts)

        def spelled() -> bytes:
            pairs = zip(instances, outputs, strict=True)
            return orjson.dumps({"predictions": [enrich(one, made) for one, made in pairs]})

        return await off_loop(size + sum(map(weight, outputs)), spelled)

    def _read_instances(self, payload: Any) -> tuple[list[Instance], list[Draft]]:
        body = read_json(payload) if isinstance(payload, bytes) else payload
        instances = instances_from_body(body)
        most = self._limits.max_bytes
        drafts = [draft_from_instance(self._task_of(i), i, max_bytes=most) for i in instances]
        return instances, drafts

    def _task_of(self, instance: Instance) -> Task:
        """A predictor has one task. A toolchain's instance may name one of its own; an instance
        that passes along a graph names the graph's task, which is not the predictor's."""
        return next(
            (t for t in self._served.tasks if t == instance.get(TASK)), self._served.tasks[0]
        )


async def _decoded(
    recording: Recording, decoders: Decoders, limits: AudioLimits, deadline_s: float
) -> Audio:
    """Its sound. Raises InvalidAudio, PayloadTooLarge.

    A mono PCM16 WAV file, which is what our own rooms send, stays as it is until somebody listens;
    everything else is decoded now, or refused by a decoder's words.
    """
    plain = undecoded(recording.data)
    if plain is not None and MIN_RATE <= plain.sample_rate <= MAX_RATE:
        samples = plain.duration_s * plain.sample_rate
        if plain.duration_s <= limits.max_seconds and samples <= limits.max_samples:
            return plain
    return await decoders.decode(
        recording.data, param=recording.param, limits=limits, deadline_s=deadline_s
    )


def with_priority(
    context: RequestContext, message: Message, headers: Mapping[str, str]
) -> RequestContext:
    """The priority given as a V2 parameter; the header says it louder. Raises InvalidRequest."""
    value = message.parameters.get(PRIORITY)
    if value is None or PRIORITY_HEADER in headers:
        return context
    if not isinstance(value, str):
        raise InvalidRequest(f"{PRIORITY} must be a string", param=PRIORITY)
    given = context_from_headers({PRIORITY_HEADER: value})
    return dataclasses.replace(context, priority=given.priority)


@contextmanager
def only_speech_errors(model: str) -> Iterator[None]:
    """An error of ours becomes ModelFailed; its words are for the log."""
    try:
        yield
    except (SpeechError, AnsweredError):
        raise
    except Exception as exc:
        logger.exception("%s could not read or write a body", model)
        raise ModelFailed.of(model) from exc


async def _all_or_first_error(answers: Iterable[Awaitable[TaskOutput]]) -> list[TaskOutput]:
    """Await all; when one fails, cancel the others and raise its error."""
    tasks = [asyncio.ensure_future(answer) for answer in answers]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
