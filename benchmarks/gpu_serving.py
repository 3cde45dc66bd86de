"""`harmony serve` with toolchains on a CUDA device: requests a second as clients are added.

For `make bench-gpu`. Weights are made up at the public sizes, the reference and the recording are
11 s long, the result cache is off; "direct" is the same server's rate with one client.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

import httpx
import yaml

from benchmarks import material
from benchmarks.checkpoints import REAL
from benchmarks.figures import Line, median
from benchmarks.gpu import VARIANTS, device_lines, entries_on_device
from benchmarks.server import Server, free_port, harmony, running
from benchmarks.setup import Setup
from contract.audio.codec import Audio, wav_bytes
from contract.config import ModelConfig
from contract.toolchains import TOOLCHAINS
from predictors.runtime.registry import missing_packages

_CLIENTS = (1, 8, 64)
_BATCH_SIZE = re.compile(
    r'speech_batch_size_(?P<kind>count|sum)\{model="(?P<model>[^"]+)"\} (?P<value>\S+)'
)
_FAMILIES = {"voicefixer": ("voicefixer",), "openvoice_v2": ("melo", "openvoice_v2")}
_REQUESTS = {1: 8, 8: 32, 64: 128}
LIMITS = {
    "SPEECH_MAX_REQUESTS": "256",
    "SPEECH_MAX_REQUESTS_PER_CALLER": "256",
    "SPEECH_MAX_REQUESTS_PER_MODEL": "256",
    "SPEECH_MAX_QUEUE": "256",
}
"""All clients are one caller here, and none is to be refused."""


def run(setup: Setup) -> Iterator[Line]:
    """Raises Missing where torch has no CUDA device."""
    yield from device_lines(setup)
    wav = base64.b64encode(wav_bytes(Audio(material.speech(material.RATE), material.RATE))).decode()
    cases: Mapping[str, tuple[str, dict[str, Any]]] = {
        "voicefixer": ("/v1/audio/convert", {"model": "voicefixer", "source_audio": wav}),
        "openvoice_v2": (
            "/v1/audio/speech",
            {
                **{"model": "openvoice_v2", "mode": "voice_cloning", "input_audio": wav},
                **{"input": material.SENTENCE, "language": "EN", "voice": "EN-US"},
            },
        ),
    }
    for toolchain, (path, body) in cases.items():
        members = [one for types in TOOLCHAINS[toolchain].members.values() for one in types[-1:]]
        if not any(map(missing_packages, members)):
            entries = entries_on_device(setup, *_FAMILIES[toolchain]).values()
            for name, changes in _variants(toolchain).items():
                varied = [one.model_copy(update=changes) for one in entries]
                with _served(setup, toolchain, varied) as (server, http):
                    ask = partial(_post, http, path, body)
                    yield from _rates(f"{toolchain}{name}", server, http, ask)


def _variants(toolchain: str) -> dict[str, dict[str, Any]]:
    """The plain entries, and those set for speed; no part of VoiceFixer is captured."""
    fastest = ", float16" if toolchain == "voicefixer" else ", float16 and CUDA graphs"
    return {name: VARIANTS[name] for name in ("", fastest)}


def _rates(
    toolchain: str, server: Server, http: httpx.Client, ask: Callable[[], float]
) -> Iterator[Line]:
    for _ in range(2):
        _together(ask, 8, 16)  # batches of the sizes that follow are planned
    alone = None
    for clients in _CLIENTS:
        began_s, before = server.cpu_s(), _batches(http)
        latencies, took_s = _together(ask, clients, _REQUESTS[clients])
        processor_s = server.cpu_s() - began_s
        batches = _batches(http)
        rate = len(latencies) / took_s
        alone = alone or rate
        case = f"{toolchain}, {clients} client{'s' * (clients > 1)}"
        yield Line(case, "requests/s", rate, alone, rate / alone, more_is_better=True)
        yield Line(f"{case}: median latency", "ms", 1000 * median(latencies))
        yield Line(f"{case}: processor time a request", "ms", 1000 * processor_s / len(latencies))
        for model, (passes, units) in batches.items():
            more_passes, more = passes - before[model][0], units - before[model][1]
            yield Line(f"{case}: {model}, units a pass", "", more / max(more_passes, 1))


def _batches(http: httpx.Client) -> dict[str, tuple[float, float]]:
    """Forward passes of each model so far, and the units in them, as /metrics tells."""
    found: dict[str, dict[str, float]] = {}
    for line in http.get("/metrics").raise_for_status().text.splitlines():
        if match := _BATCH_SIZE.match(line):
            found.setdefault(match["model"], {})[match["kind"]] = float(match["value"])
    return {model: (own["count"], own["sum"]) for model, own in found.items()}


def _together(ask: Callable[[], float], clients: int, requests: int) -> tuple[list[float], float]:
    """Latencies in seconds, and how long it took until all had their answer."""
    with ThreadPoolExecutor(clients) as pool:
        started = perf_counter()
        latencies = list(pool.map(lambda _: ask(), range(requests)))
        return latencies, perf_counter() - started


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> float:
    started = perf_counter()
    http.post(path, json=body).raise_for_status()
    return perf_counter() - started


@contextmanager
def _served(
    setup: Setup, toolchain: str, on_device: Sequence[ModelConfig]
) -> Iterator[tuple[Server, httpx.Client]]:
    entries = [entry.model_dump(mode="json", exclude_defaults=True) for entry in on_device]
    if toolchain == "openvoice_v2":
        entries.append(material.entry(REAL["SileroVAD"]))
    config, port = setup.folder / f"{toolchain}.yml", free_port()
    config.write_text(yaml.safe_dump({"model_configs": entries}), encoding="utf-8")
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=max(_CLIENTS))
    command = harmony(sys.executable, config, port)
    with running(command, port, setup.folder, LIMITS) as server:
        server.wait_for("/health/ready")
        with httpx.Client(base_url=server.url, timeout=600, limits=limits, trust_env=False) as http:
            yield server, http
