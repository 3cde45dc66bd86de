"""FasterWhisper: Whisper on CTranslate2, chunks of many recordings in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from contract.audio.codec import Audio, resample
from contract.config import ModelConfig
from contract.errors import InvalidRequest
from contract.tasks import Task, TranscribeInput, TranscribeOutput
from predictors.models.whisper.checkpoints import WhisperOptions, shared_whisper
from predictors.models.whisper.chunks import Chunk, Cutting, cut
from predictors.models.whisper.network import FULL_WINDOW_S, Search, WhisperNetwork, window_s
from predictors.models.whisper.passes import ChunkWork, Heard, Recording, run_pass
from predictors.models.whisper.segments import transcript
from predictors.nn.speech_activity.network import SpeechNetwork
from predictors.nn.speech_activity.segments import SAMPLE_RATE, SpeechRules, speech_spans
from predictors.nn.speech_activity.shipped import shipped_network
from predictors.runtime.model import Model, ModelSpec, More, Prepared, Unit, Weights
from predictors.runtime.options import read_options

_CPU_BATCH_S, _GPU_BATCH_S = 240.0, 960.0
"""Seconds of windows in a pass: 8 of 30 s, or 32 on a GPU, whose attention in a large-v3 takes 3 GB
in float16. Where memory runs out, the runtime halves passes and remembers."""
_WARM_UP_S = 2
_SPEECH = SpeechRules(min_speech_duration_ms=100, min_silence_duration_ms=160, speech_pad_ms=0)


@dataclass(frozen=True, slots=True)
class Asked:
    """What finish() needs of a request."""

    recording: Recording
    chunks: tuple[Chunk, ...]
    duration_s: float


class FasterWhisper(Model[TranscribeInput, TranscribeOutput]):
    """Transcribes, and translates to English, 16 kHz speech of any length.

    `model` is a size tag (tiny.en … large-v3, turbo), a hub id, a directory or a package.
    Recordings are cut at pauses into chunks of at most 30 s, which share encoder passes and
    searches with those of all other requests. Chunks that look wrong are decoded again.
    Sampling (temperature above 0) ignores the entry's seed: CTranslate2 seeds a thread only once.
    """

    spec = ModelSpec(
        Task.TRANSCRIBE,
        packages=("faster_whisper", "ctranslate2", "onnxruntime"),
        extra="whisper",
        image="whisper",
        options=WhisperOptions,
        loads_ahead=True,
        license="MIT",
    )
    max_batch_cost = _CPU_BATCH_S

    def __init__(
        self,
        config: ModelConfig,
        network: WhisperNetwork,
        detector: SpeechNetwork,
        size_bytes: int,
    ) -> None:
        self.network, self.size_bytes = network, size_bytes
        if network.is_on_gpu:
            self.max_batch_cost = _GPU_BATCH_S
        self._name, self._detector = config.name, detector
        self._has_short_windows = read_options(WhisperOptions, config).short_windows

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        network, size_bytes = shared_whisper(config, weights)
        path = shipped_network()
        detector = weights.share(("silero", path, 1), lambda: SpeechNetwork(path))
        return cls(config, network, detector, size_bytes)

    def prepare(self, request: TranscribeInput) -> Prepared[Asked]:
        """A unit per chunk of speech."""
        recording = self._recording(request)
        samples = resample(request.audio, SAMPLE_RATE).samples
        speech = speech_spans(self._detector.probabilities(samples), len(samples), _rules(request))
        cutting = _cutting(request)
        chunks = tuple(cut(samples, speech, keep_pauses=not request.vad_filter, cutting=cutting))
        search = Search(
            request.beam_size, request.segment_timestamps, request.prompt, request.hotwords
        )
        work = [
            ChunkWork(
                recording,
                chunk,
                self.network.features(samples[chunk.start : chunk.end]),
                window_s(chunk.duration_s) if self._has_short_windows else FULL_WINDOW_S,
                # Without timestamps Whisper takes a pause for the end and drops what follows.
                replace(search, with_timestamps=search.with_timestamps or chunk.has_pauses),
                request.temperature,
                request.fallback,
            )
            for chunk in chunks
        ]
        units = [Unit(one, one.window_s, one.key) for one in work]
        return Prepared(units, Asked(recording, chunks, request.audio.duration_s))

    def run(self, batch: Sequence[ChunkWork]) -> list[Heard | More]:
        return run_pass(self.network, batch)

    def finish(self, prepared: Prepared[Asked], results: Sequence[Heard]) -> TranscribeOutput:
        asked = prepared.context
        segments = transcript(
            self.network.tokenizer(asked.recording.spoken),
            [
                (chunk, one.hypothesis, one.words)
                for chunk, one in zip(asked.chunks, results, strict=True)
                if not one.hypothesis.is_silence
            ],
            with_words=asked.recording.with_words,
        )
        code, probability = asked.recording.language or ("", 0.0)
        text = "".join(segment.text for segment in segments).strip()
        return TranscribeOutput(text, segments, code, probability, asked.duration_s)

    def warm_up_request(self) -> TranscribeInput:
        """A tone, past the speech detector and with word times: every part runs once."""
        tone = 0.1 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.2)
        return TranscribeInput(
            Audio(tone.astype(np.float32), SAMPLE_RATE), vad_filter=False, word_timestamps=True
        )

    def prepare_warm_up(self) -> Prepared[Asked]:
        """On a CPU in a window of 2 s: half the processor time of the least that requests get, and
        the first of them takes no longer."""
        prepared = super().prepare_warm_up()
        if self.network.is_on_gpu:
            return prepared
        units = [
            Unit(replace(unit.work, window_s=_WARM_UP_S), _WARM_UP_S) for unit in prepared.units
        ]
        return replace(prepared, units=units)

    def _recording(self, request: TranscribeInput) -> Recording:
        """Raises InvalidRequest for a language or a translation that the model does not know."""
        if request.translate and not self.network.is_multilingual:
            raise InvalidRequest(
                f"{self._name} knows English only and cannot translate; use a multilingual model",
                param="translate",
            )
        given = self._known([request.language or ""], "language")
        candidates = self._known((request.languages or "").split(","), "languages")
        if not self.network.is_multilingual:
            given = frozenset({"en"})
        language = (next(iter(given)), 1.0) if given else None
        return Recording(request.translate, request.word_timestamps, candidates, language)

    def _known(self, codes: Sequence[str], param: str) -> frozenset[str]:
        """Those of the codes that the model was trained on.

        Raises InvalidRequest when there are some and it knows none of them.
        """
        asked = {code.strip().lower() for code in codes if code.strip()}
        known = self.network.languages
        if asked and asked.isdisjoint(known):
            raise InvalidRequest(
                f"{param} {', '.join(codes)!r} is not known to {self._name}; "
                f"leave it out, or use: {', '.join(known)}",
                param=param,
            )
        return frozenset(asked.intersection(known))


def _rules(request: TranscribeInput) -> SpeechRules:
    """What the detector calls speech; a request may ask for shorter pauses than are usual."""
    rules = _SPEECH
    if request.threshold is not None:
        rules = replace(rules, threshold=request.threshold)
    if request.min_silence_duration_ms is not None:
        silence_ms = min(request.min_silence_duration_ms, rules.min_silence_duration_ms)
        rules = replace(rules, min_silence_duration_ms=silence_ms)
    return rules


def _cutting(request: TranscribeInput) -> Cutting:
    cutting = Cutting()
    if request.min_silence_duration_ms is not None:
        cutting = replace(cutting, long_pause=_samples(request.min_silence_duration_ms))
    if request.speech_pad_ms is not None:
        cutting = replace(cutting, pad_before=_samples(request.speech_pad_ms))
    return cutting


def _samples(milliseconds: int) -> int:
    return SAMPLE_RATE * milliseconds // 1000
