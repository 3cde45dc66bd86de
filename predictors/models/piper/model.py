"""PiperSynthesizer: Piper voices (VITS in ONNX). Needs piper-tts, which is GPL-3.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Self

import numpy as np
import onnxruntime

from contract.audio.codec import Audio
from contract.config import InvalidConfig, ModelConfig
from contract.errors import InvalidRequest
from contract.tasks import AudioOutput, FloatArray, SynthesizeInput, SynthesizeOutput, Task
from predictors.models.piper.network import Piece, Scales
from predictors.models.piper.phonemes import sentences
from predictors.models.piper.voice import LoadedVoice, load_voice
from predictors.nn.mastering import normalize_peak
from predictors.nn.onnx import onnx_providers
from predictors.nn.tempo import Recording
from predictors.nn.text_errors import text_errors
from predictors.nn.unsupported import refuse_given
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import WeightsMissing, resolve

_DTYPES = ("float32", "float", "auto")
_PEAK = 0.95  # what lossy codecs overshoot fits above it
_SILENT_PEAK = 1e-6


@dataclass(frozen=True, slots=True)
class PiperOptions:
    threads: int = 0
    """Threads of one run; 0: OMP_NUM_THREADS, else at most 4."""
    sentence_silence_s: float = 0.2
    """Silence after every sentence at speed 1, the last one too: sentences that are spoken one by
    one join to the same audio as the whole text."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is needed to put the pieces of a text together."""

    pieces: list[int]
    """Of each sentence."""
    speed: float


class PiperSynthesizer(Model[SynthesizeInput, AudioOutput]):
    """Speaks one Piper voice at its own sample rate.

    `model` is the voice's .onnx file, with its .onnx.json beside it. A voice with several speakers
    takes their names as `voice`; one with a single speaker takes the entry's `voices`.
    The same request gives the same sound: without a `seed` of its own it has the entry's.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE,
        packages=("piper", "onnx", "onnxruntime"),
        extra="piper",
        image="piper",
        cuda=False,  # piper-tts asks for the onnxruntime that has none
        options=PiperOptions,
        phonemes=True,
        license="GPL-3.0-or-later, and the voice's own",
    )

    def __init__(self, config: ModelConfig, options: PiperOptions, voice: LoadedVoice) -> None:
        self._config, self._options, self.voice = config, options, voice
        self.size_bytes = voice.size_bytes
        self.concurrent_passes = voice.network.threads

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        if config.dtype not in _DTYPES:
            raise InvalidConfig(f"{config.name}: Piper voices run in float32; remove dtype")
        options = read_options(PiperOptions, config)
        path = resolve(config.model, revision=config.revision)
        if path.suffix != ".onnx":
            raise WeightsMissing("`model` of a PiperSynthesizer is the voice's .onnx file")
        providers = onnx_providers(config.device_config, onnxruntime.get_available_providers())
        voice = weights.share(
            ("piper", path, options.threads, str(providers)),
            lambda: load_voice(path, threads=options.threads, providers=providers),
        )
        _check_advertised(config, voice)
        return cls(config, options, voice)

    def prepare(self, request: SynthesizeInput) -> Prepared[Spoken]:
        """A unit per piece of a sentence, each alone in its pass: passes run side by side."""
        refuse_given(request, "sdp_ratio", by="Piper")
        self.voice.check_language(request.language, self._config.language)
        speaker = self.voice.speaker(request.voice, self._config.voices)
        seed = self._config.seed if request.seed is None else request.seed
        scales = self._scales(request)
        with self.voice.lock, text_errors():
            read = sentences(self.voice.front_end, request.text)
        if not read:
            raise InvalidRequest(
                "text holds nothing that can be spoken; send at least one word", param="text"
            )
        units = [
            Unit(
                Piece(tuple(ids), seed, speaker, scales, has_all_threads=_is_seeded(request)),
                len(ids) / request.speed,
                is_alone=True,
            )
            for sentence in read
            for ids in sentence
        ]
        return Prepared(units, Spoken([len(sentence) for sentence in read], request.speed))

    def run(self, batch: Sequence[Piece]) -> list[Recording]:
        return [self.voice.network.run(piece) for piece in batch]

    def finish(self, prepared: Prepared[Spoken], results: Sequence[Recording]) -> AudioOutput:
        rate, spoken = self.voice.config.sample_rate, prepared.context
        silence_s = self._options.sentence_silence_s / spoken.speed
        silence = np.zeros(round(silence_s * rate), np.float32)
        recordings = iter(results)
        parts: list[FloatArray] = []
        for pieces in spoken.pieces:
            for recording in islice(recordings, pieces):
                parts.append(_loud(recording.at_tempo(rate)))
            parts.append(silence)
        return SynthesizeOutput(Audio(np.concatenate(parts), rate))

    def trim_memory(self) -> None:
        self.voice.network.trim_memory()

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("Good morning. This is a test.")

    def _scales(self, request: SynthesizeInput) -> Scales:
        own = self.voice.config
        return Scales(
            own.noise_scale if request.noise_scale is None else request.noise_scale,
            own.length_scale / request.speed,
            own.noise_w_scale if request.noise_scale_w is None else request.noise_scale_w,
            request.speed,
        )


def _check_advertised(config: ModelConfig, voice: LoadedVoice) -> None:
    speakers = voice.config.speaker_id_map
    unknown = [name for name in config.voices if speakers and name not in speakers]
    if unknown:
        raise InvalidConfig(
            f"{config.name}: voices names {unknown[0]!r}, which this voice has no "
            f"speaker for; it has: {', '.join(speakers)}"
        )


def _is_seeded(request: SynthesizeInput) -> bool:
    """With a seed of its own a request gets the same bytes whatever else is spoken: rounding
    depends on the threads of a run, so its pieces run with all of them."""
    return request.seed is not None


def _loud(wave: FloatArray) -> FloatArray:
    """The peak at 0.95, as Piper itself scales every sentence; silence stays silence."""
    peak = float(np.abs(wave).max(initial=0.0))
    return normalize_peak(wave, _PEAK) if peak > _SILENT_PEAK else np.zeros_like(wave)
