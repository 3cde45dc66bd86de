"""The first sound of a stream, and what eight clients lose against one: Kokoro and Piper.

And the graph that Kokoro runs against the published one in ONNX Runtime alone, in this process.

Aims: the first sound of a short sentence within 0.7 s on two quiet cores, and of a long one whose
first clause is short; eight clients get no more than 10 % fewer seconds of speech than one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import onnxruntime
import yaml

from benchmarks import material
from benchmarks.figures import Line, costs, median, rates
from benchmarks.interleaved import Way, metered, take_turns
from benchmarks.server import THREADS, free_port, harmony, running
from benchmarks.setup import CLIENTS, Setup, first_sound_s
from contract.config import ModelConfig
from contract.tasks import SynthesizeInput
from predictors.models.kokoro.model import KokoroSynthesizer
from predictors.models.kokoro.network import SAMPLE_RATE, Piece
from predictors.runtime.weights.source import resolve
from predictors.runtime.weights.store import WeightStore
from transport.decoding.reading import decode

MODELS = {"kokoro": "af_heart", material.VOICE: "joe"}
"""With a voice each."""
STARTS = {
    "a short sentence": "Good morning to you.",
    "a sentence of two clauses": "In the early morning, before anybody else was awake in the old "
    "house by the river, he took his coat and left.",
    "ten sentences": material.TEN_SENTENCES,
}
_FIRST_SOUND_S, _KEPT, _GRAPH = 0.7, 0.9, 0.8


def run(setup: Setup) -> Iterator[Line]:
    yield from _graphs(setup)
    config, port = setup.folder / "config.yml", free_port()
    entries = [material.entry(name) for name in MODELS]
    config.write_text(yaml.safe_dump({"model_configs": entries}), encoding="utf-8")
    with running(harmony(sys.executable, config, port), port, setup.folder) as server:
        server.wait_for("/health/ready")
        with httpx.Client(base_url=server.url, timeout=600, trust_env=False) as http:
            for model in MODELS:
                for way in _starts(http, model).values():
                    way()  # loads, and plans memory for each size
            for model in MODELS:
                yield from _first_sounds(setup, http, model)
            for model in MODELS:
                yield from _together(setup, http, model, server.cpu_s)


def _graphs(setup: Setup) -> Iterator[Line]:
    """One sentence: the graph as it is loaded, and as it is published."""
    entry = ModelConfig.model_validate(material.entry("kokoro"))
    model = KokoroSynthesizer.load(entry, WeightStore().holder())
    piece: Piece = model.prepare(SynthesizeInput(f"{material.SENTENCE}.")).units[0].work
    published = _published(resolve(entry.model))

    def ours() -> float:
        return len(model.run([piece])[0].samples) / SAMPLE_RATE

    def theirs() -> float:
        (sound,) = published.run(
            None,
            {
                "tokens": np.array([[0, *piece.ids, 0]], np.int64),
                "style": piece.style[None],
                "speed": np.array([piece.speed], np.float32),
            },
        )
        return sound.size / SAMPLE_RATE

    ways = {name: metered(way, time.process_time) for name, way in (("o", ours), ("t", theirs))}
    found = take_turns(ways, setup.rounds)
    yield from costs("kokoro, a sentence in its graph", "ms/s", found["o"], found["t"], _GRAPH)


def _published(folder: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    (path,) = folder.glob("*.onnx")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _starts(http: httpx.Client, model: str) -> dict[str, Way]:
    return {
        name: partial(first_sound_s, http, text, "pcm", model, MODELS[model])
        for name, text in STARTS.items()
    }


def _first_sounds(setup: Setup, http: httpx.Client, model: str) -> Iterator[Line]:
    for name, found in take_turns(_starts(http, model), setup.rounds).items():
        limit = 1000 * _FIRST_SOUND_S
        yield Line(f"{model}, first sound of {name}", "ms", 1000 * median(found), limit=limit)


def _together(
    setup: Setup, http: httpx.Client, model: str, processor_s: Callable[[], float]
) -> Iterator[Line]:
    work = partial(_spoken_s, http, model)
    found = take_turns(
        {
            "many": metered(work, processor_s, clients=CLIENTS),
            "one": metered(work, processor_s, each=CLIENTS),
        },
        max(2, setup.rounds // 2),
    )
    case = f"{model}, {CLIENTS} clients against one"
    yield from rates(case, "s/s", found["many"], found["one"], _KEPT)


def _spoken_s(http: httpx.Client, model: str) -> float:
    body = {"model": model, "voice": MODELS[model], "response_format": "wav"}
    answer = http.post("/v1/audio/speech", json=body | {"input": material.SENTENCE + "."})
    sound = answer.raise_for_status().content
    return decode(sound, max_bytes=1 << 24, max_seconds=60).duration_s
