"""How long a toolchain sleeps on: all its predictors woken at once, against one after the other.

python -m benchmarks.cold_start [--load_s 20] [--rounds 3]

Predictors are processes that an activator starts when they are asked for and before which it
holds requests, as Knative does (activator.py). The chain is openvoice_v2 on tiny model types whose
loading takes a given time; and three real models side by side. What counts is the ratio to the
slowest predictor that wakes alone. Pods have processors of their own; here they share this
machine's, so the imports of predictors that start together take longer than one alone: choose a
load time that is long beside them, as that of a GPU model is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import material
from benchmarks.activator import Pod, Revision, activated
from benchmarks.figures import Line, machine, median, table
from benchmarks.server import ENVIRONMENT, free_port
from contract.audio import decode
from contract.catalog import Catalog
from contract.client import Client
from contract.config import ModelConfig, ServiceConfig
from contract.connection import ConnectionSettings, HttpConnection
from contract.context import RequestContext
from contract.tasks import SpeakInput
from transformer.engine import ToolchainEngine

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
                _woken(real, [one.name for one in real.configs]),
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
    """Seconds from the first knock until each predictor is ready, nobody else starting."""
    return [_woken(chain, [config.name]) for config in chain.configs]


def _woken(chain: Chain, names: Sequence[str]) -> float:
    async def knock(url: str) -> None:
        async with httpx.AsyncClient(timeout=None, trust_env=False) as http:
            paths = [f"{url}/{name}-predictor/v2/models/{name}/ready" for name in names]
            began_s = time.perf_counter()
            answers = await asyncio.gather(*map(http.get, paths))
            times.append(time.perf_counter() - began_s)
            assert all(answer.is_success for answer in answers), answers

    times: list[float] = []
    with activated(_revisions(chain)) as (url, _):
        asyncio.run(knock(url))
    return times[0]


async def _spoken(chain: Chain, wakes: bool) -> float:
    """Seconds until a sleeping toolchain has cloned a voice."""
    recording = decode(material.clips()["2 s clip"], max_bytes=1 << 24, max_seconds=10)
    request = SpeakInput(text="good morning", mode="voice_cloning", reference_audio=recording)
    catalog = Catalog(ServiceConfig(model_configs=chain.configs))
    with activated(_revisions(chain)) as (url, _):
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


def _revisions(chain: Chain) -> Mapping[str, Revision]:
    return {f"{one.name}-predictor": Revision(_starter(chain, one)) for one in chain.configs}


def _starter(chain: Chain, config: ModelConfig) -> Any:
    def start() -> Pod:
        port = free_port()
        entry = config.model_dump_json(exclude_defaults=True)
        ports = ["--http_port", str(port), "--grpc_port", str(free_port())]
        paths = os.pathsep.join((str(material.ROOT), str(SUPPORT)))
        with (chain.folder / f"{config.name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*chain.program, "--model_config", entry, *ports],
                env=os.environ | ENVIRONMENT | {"PYTHONPATH": paths},
                stdout=log,
                stderr=log,
            )
        return Pod(process, f"http://127.0.0.1:{port}", f"/v2/models/{config.name}/ready")

    return start


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
