"""(g) Voice cloning: the toolchain, whose branches run side by side, against its steps in a row.

Whisper tiny has its real weights; MeloTTS and OpenVoice V2 have made-up ones at the public sizes.
All four models are in this process. With one thread a model, each has a core of its own while two
branches run, as predictors in pods have; with two threads a model, a single step already fills
this machine, and little is left to gain. The floor is what more cores could give at most: the
longer branch and the conversion, by the times of the steps in a row, which come after it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar, cast

from benchmarks import material
from benchmarks.checkpoints import real, written
from benchmarks.figures import Line, compared, median
from benchmarks.interleaved import seconds, take_turns
from benchmarks.setup import Setup
from contract.audio.codec import Audio
from contract.catalog import Catalog
from contract.config import ModelConfig, ServiceConfig
from contract.context import RequestContext
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    EmbedSpeakerInput,
    SpeakInput,
    SynthesizeInput,
    TranscribeInput,
)
from predictors.runtime.registry import model_type_class
from predictors.runtime.repository import ModelRepository
from predictors.runtime.settings import Settings
from transformer.engine import ToolchainEngine
from transport.client.client import Client
from transport.client.in_process import Endpoint, InProcessClient
from transport.decoding.reading import decode

T = TypeVar("T")
_AIM = 0.7
_LANGUAGE, _VOICE = "EN", "EN-US"


def run(setup: Setup) -> Iterator[Line]:
    """The steps must be the same, so the lengths of both results are compared first."""
    models = real("FasterWhisper") | written(setup.folder / "cloning", "melo", "openvoice_v2")
    for threads in (1, 2):
        with _cloning(models, threads) as cloning:
            assert cloning.in_a_row().duration_s == cloning.side_by_side().duration_s
            cloning.steps_s.clear()
            found = take_turns(
                {"row": seconds(cloning.in_a_row), "side": seconds(cloning.side_by_side)},
                setup.rounds,
            )
            case = f"{threads} thread{'s' * (threads > 1)} a model"
            yield compared(
                f"cloning, {case}", "s", found["side"], found["row"], limit=_aim(threads)
            )
            yield cloning.floor(f"floor, {case}")
            for step, times in cloning.steps_s.items():
                yield Line(f"{step}, {case}", "s", median(times))


def _aim(threads: int) -> float | None:
    return _AIM if threads == 1 else None


@dataclass(eq=False)
class Cloning:
    """Both ways to clone, over the same predictors."""

    runner: asyncio.Runner
    client: Client
    engine: ToolchainEngine
    reference: Audio
    steps_s: dict[str, list[float]] = field(default_factory=dict)
    """Times of the steps in a row, by name."""

    def side_by_side(self) -> Audio:
        request = SpeakInput(
            material.SENTENCE,
            reference_audio=self.reference,
            mode="voice_cloning",
            segment_source="whisper",
            language=_LANGUAGE,
            voice=_VOICE,
        )
        answer = self.runner.run(self.engine.submit(request, RequestContext()))
        return cast(AudioOutput, answer).audio

    def in_a_row(self) -> Audio:
        return self.runner.run(self._in_a_row())

    async def _in_a_row(self) -> Audio:
        call, context, audio = self.client.call, RequestContext(), self.reference
        heard = await self._timed(
            "find",
            call("whisper-tiny-en", TranscribeInput(audio, segment_timestamps=True), context),
        )
        about = EmbedSpeakerInput(audio, heard.speech_segments())
        voice = await self._timed("embed", call("openvoicev2toneconverterencoder", about, context))
        text = SynthesizeInput(material.SENTENCE, language=_LANGUAGE, voice=_VOICE)
        base = await self._timed("speak", call("melottssynthesizer", text, context))
        wanted = ConvertVoiceInput(
            base.audio, voice.embedding, source_language=_LANGUAGE, source_voice=_VOICE
        )
        converted = await self._timed("convert", call("openvoicev2toneconverter", wanted, context))
        return converted.audio

    async def _timed(self, step: str, work: Awaitable[T]) -> T:
        started = time.perf_counter()
        done = await work
        self.steps_s.setdefault(step, []).append(time.perf_counter() - started)
        return done

    def floor(self, case: str) -> Line:
        took = {step: median(times) for step, times in self.steps_s.items()}
        row = sum(took.values())
        least = max(took["find"] + took["embed"], took["speak"]) + took["convert"]
        return Line(case, "s", least, row, least / row)


@contextmanager
def _cloning(models: Mapping[str, ModelConfig], threads: int) -> Iterator[Cloning]:
    import torch

    torch.set_num_threads(threads)  # worker threads take it over when they first work
    whisper = models["FasterWhisper"]
    entries = [
        one.model_copy(update={"options": {"cpu_threads": threads}}) if one is whisper else one
        for one in models.values()
    ]
    catalog = Catalog(ServiceConfig(model_configs=tuple(entries)))
    with asyncio.Runner() as runner:
        pool, endpoints = runner.run(_loaded(entries))
        client = InProcessClient(endpoints)
        engine = ToolchainEngine("openvoice_v2", client, lambda: catalog.current)
        data = material.RECORDING.read_bytes()
        reference = decode(data, max_bytes=1 << 24, max_seconds=60)
        yield Cloning(runner, client, engine, reference)
        runner.run(pool.aclose())


async def _loaded(entries: Sequence[ModelConfig]) -> tuple[ModelRepository, dict[str, Endpoint]]:
    pool = ModelRepository(Settings())
    endpoints: dict[str, Endpoint] = {}
    for one in entries:
        endpoints[one.name] = pool.add(one, model_type_class(one.model_type))
        await endpoints[one.name].ensure_loaded()
    return pool, endpoints
