"""How long a toolchain sleeps on: all its predictors woken at once, against one after the other.

python -m benchmarks.cold_start [--load_s 20] [--rounds 3]

Predictors are processes that an activator starts when they are asked for and before which it
holds requests, as Knative does (activator.py). The chain is openvoice_v2 on tiny model types whose
loading takes a given time; and three real models side by side. What counts is the ratio to the
slowest predictor that wakes alone.

Pods have processors of their own; here they would share this machine's, and what is measured would
be four imports on two cores. So the chain's processes import before the clock runs, and wait; the
load time stands for all of a start. The real models' imports are inside their figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from benchmarks import material
from benchmarks.activator import Pod, Revision, activated
from benchmarks.figures import Line, machine, median, table
from benchmarks.server import ENVIRONMENT, DidNotStart, free_port
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import SpeakInput
from transformer.engine import ToolchainEngine
from transport.client.client import Client
from transport.client.connection import ConnectionSettings, HttpConnection
from transport.decoding.reading import decode

AIM = 1.15
TOOLCHAIN = "openvoice_v2"
SUPPORT = material.ROOT / "tests" / "support"
TINY = (sys.executable, str(SUPPORT / "tiny_image.py"), "-m", "predictors")
REAL = (sys.executable, "-m", "predictors")
SHARES = {
    "SileroVAD": 0.4,
    "OpenVoiceV2ToneConverterEncoder": 0.7,
    "MeloTTSSynthesizer": 1.0,
    "OpenVoiceV2ToneConverter": 0.6,
}
"""How long each model of the chain loads, as a share of the given time."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Predictors, and the program that serves any of them."""

    program: tuple[str, ...]
    configs: tuple[ModelConfig, ...]
    folder: Path


class Wakeless:
    """A client that calls and never wakes: what a chain does that knows only its next step."""

    def __init__(self, inner: Client) -> None:
        self._inner = inner

    async def call(self, model: str, request: Any, context: RequestContext) -> Any:
        return await self._inner.call(model, request, context)

    async def is_ready(self, model: str) -> bool:
        return await self._inner.is_ready(model)

    async def wake(self, models: Iterable[str], context: RequestContext) -> None:
        """Let them sleep."""


def measure(folder: Path, *, load_s: float, rounds: int) -> list[Line]:
    chain = Chain(
        TINY, tuple(_tiny(kind, share * load_s) for kind, share in SHARES.items()), folder
    )
    reals = ("whisper-tiny-en", "silero-vad", "piper-en")
    real = Chain(
        REAL, tuple(ModelConfig.model_validate(material.entry(name)) for name in reals), folder
    )
    lines = _lines(
        f"chain of {len(chain.configs)}, {load_s:g} s to load",
        [
            (
                max(_alone(chain)),
                asyncio.run(_spoken(chain, True)),
                asyncio.run(_spoken(chain, False)),
            )
            for _ in range(rounds)
        ],
        AIM,
    )
    return lines + _lines(
        "whisper-tiny-en, silero-vad, piper-en",
        [
            (
                max(alone := _alone(real)),
                _woken(real),
                sum(alone),
            )
            for _ in range(rounds)
        ],
        None,
    )


def _lines(
    case: str, rounds: Sequence[tuple[float, float, float]], limit: float | None
) -> list[Line]:
    slowest, together, in_turns = (median(each) for each in zip(*rounds, strict=True))
    ratio = median(two / one for one, two, _ in rounds)
    turned = median(three / one for one, _, three in rounds)
    return [
        Line(f"{case}: the slowest alone", "s", slowest),
        Line(f"{case}: woken at once", "s", together, slowest, ratio, limit),
        Line(f"{case}: one after the other", "s", in_turns, slowest, turned),
    ]


def _tiny(model_type: str, load_s: float) -> ModelConfig:
    family = {} if model_type in ("SileroVAD", "MeloTTSSynthesizer") else {"family": TOOLCHAIN}
    return ModelConfig(
        name=model_type.lower(),
        model="tiny",
        model_type=model_type,
        options={"load_s": load_s, **family},
    )


def _alone(chain: Chain) -> list[float]:
    """Seconds from the first request until each predictor is ready, nobody else starting."""
    return [_woken(replace(chain, configs=(config,))) for config in chain.configs]


def _woken(chain: Chain) -> float:
    """Seconds from asking all predictors until every one is ready."""

    async def ask(url: str) -> None:
        async with httpx.AsyncClient(timeout=None, trust_env=False) as http:
            names = [config.name for config in chain.configs]
            paths = [f"{url}/{name}-predictor/v2/models/{name}/ready" for name in names]
            began_s = time.perf_counter()
            answers = await asyncio.gather(*map(http.get, paths))
            times.append(time.perf_counter() - began_s)
            assert all(answer.is_success for answer in answers), answers

    times: list[float] = []
    with _asleep(chain) as url:
        asyncio.run(ask(url))
    return times[0]


async def _spoken(chain: Chain, wakes: bool) -> float:
    """Seconds until a sleeping toolchain has cloned a voice."""
    recording = decode(material.clips()["2 s clip"], max_bytes=1 << 24, max_seconds=10)
    request = SpeakInput(text="good morning", mode="voice_cloning", reference_audio=recording)
    catalog = Catalog(ServiceConfig(model_configs=chain.configs))
    with _asleep(chain) as url:
        settings = ConnectionSettings(
            predictor_url_template=f"{url}/{{name}}-predictor", cache_mb=0
        )
        async with HttpConnection(settings, catalog) as client:
            engine = ToolchainEngine(
                TOOLCHAIN, client if wakes else Wakeless(client), lambda: catalog.current
            )
            began_s = time.perf_counter()
            await engine.submit(request, RequestContext())
            return time.perf_counter() - began_s


@contextmanager
def _asleep(chain: Chain) -> Iterator[str]:
    """The address before a chain of which nothing runs yet; at the end nothing runs any more."""
    starters = [Starter(chain, config) for config in chain.configs]
    try:
        for starter in starters:
            starter.import_ahead()
        revisions = {f"{one.config.name}-predictor": Revision(one) for one in starters}
        with activated(revisions) as (url, _):
            yield url
    finally:
        for starter in starters:
            starter.kill()


class Starter:
    """Starts the pod of one predictor."""

    def __init__(self, chain: Chain, config: ModelConfig) -> None:
        self.config, self._chain, self._port = config, chain, free_port()
        self._gate = Path(tempfile.mkdtemp(dir=chain.folder)) / "gate"
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self) -> Pod:
        process = self._process or self._run()
        self._gate.with_suffix(".go").touch()
        path = f"/v2/models/{self.config.name}/ready"
        return Pod(process, f"http://127.0.0.1:{self._port}", path)

    def import_ahead(self) -> None:
        """Start the program as far as its imports, if it can wait there."""
        if self._chain.program != TINY:
            return
        process = self._run()
        while not self._gate.with_suffix(".imported").exists():
            if process.poll() is not None:
                raise DidNotStart(self._log.read_text(encoding="utf-8"))
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def _log(self) -> Path:
        return self._gate.with_suffix(".log")

    def _run(self) -> subprocess.Popen[bytes]:
        entry = self.config.model_dump_json(exclude_defaults=True)
        ports = ["--http_port", str(self._port), "--grpc_port", str(free_port())]
        paths = os.pathsep.join((str(material.ROOT), str(SUPPORT)))
        own = {"PYTHONPATH": paths, "TINY_GATE": str(self._gate)}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._chain.program, "--model_config", entry, *ports],
                env=os.environ | ENVIRONMENT | own,
                stdout=log,
                stderr=log,
            )
        return self._process


def main(argv: Sequence[str] | None = None) -> int:
    """Print a table. Returns 1 when the aim is missed."""
    parser = argparse.ArgumentParser("python -m benchmarks.cold_start")
    parser.add_argument("--load_s", type=float, default=20.0, help="of the slowest model")
    parser.add_argument("--rounds", type=int, default=1)
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        lines = measure(Path(folder), load_s=chosen.load_s, rounds=chosen.rounds)
    print(table("Cold starts", lines))
    print(machine())
    return 1 if any(line.is_met is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
