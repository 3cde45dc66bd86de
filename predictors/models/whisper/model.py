"""FasterWhisper: Whisper on CTranslate2, many recordings in one pass."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contract.audio.codec import Audio, resample
from contract.config import InvalidConfig
from contract.errors import InvalidRequest, ModelFailed, ModelNotReady, SpeechError
from contract.tasks import Task, TranscribeInput, TranscribeOutput
from predictors.models.whisper.chunks import cut
from predictors.nn.speech_activity.network import SpeechNetwork
from predictors.nn.speech_activity.segments import SAMPLE_RATE, SpeechRules, speech_spans
from predictors.nn.speech_activity.shipped import shipped_network
from predictors.runtime.devices import worker_device
from predictors.runtime.legacy import ModelType
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import resolve

if TYPE_CHECKING:  # faster-whisper is an optional extra: imported when a model is loaded
    from predictors.models.whisper.network import Search
    from predictors.models.whisper.transcriber import Recording, Transcriber, Transcript

_OWNERS = {
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
}
_SIZES = ("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en")
_LARGE = ("large-v1", "large-v2", "large-v3")
TAGS = _OWNERS | {tag: f"Systran/faster-whisper-{tag}" for tag in (*_SIZES, *_LARGE)}
"""Size tags → hub repositories."""

_REQUIRED = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
FILES = (*_REQUIRED, "preprocessor_config.json")
_SPEECH = SpeechRules(min_speech_duration_ms=100, min_silence_duration_ms=160, speech_pad_ms=0)

_COMPUTE_TYPES = {"float16": "float16", "half": "float16", "bfloat16": "bfloat16"}
_BYTES_PER_WEIGHT = {"int8": 1, "int16": 2, "float16": 2, "bfloat16": 2, "float32": 4}
_STORED_BYTES_PER_WEIGHT = 2  # converted models are float16 on disk


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    compute_type: str = "auto"
    """CTranslate2's: int8, int8_float16, float16, float32 …; auto: int8 on a CPU, float16 on a GPU
    unless the entry's dtype asks for a half type."""
    cpu_threads: int = 0
    """0: OMP_NUM_THREADS, else at most 4."""
    short_windows: bool = True
    """Clips get an encoder window of their size. False: 30 s always, as Whisper was trained."""


class FasterWhisper(ModelType[TranscribeInput, TranscribeOutput]):
    """Transcribes, and translates to English, 16 kHz speech of any length.

    `model` is a size tag (tiny.en … large-v3, turbo), a hub id, a directory or a package.
    Recordings are cut at pauses into chunks of at most 30 s; the chunks of all requests of a batch
    share encoder passes and searches. Chunks that look wrong are decoded again.
    Sampling (temperature above 0) ignores the entry's seed: CTranslate2 seeds a thread only once.
    """

    task = Task.TRANSCRIBE
    packages = ("faster_whisper", "ctranslate2", "onnxruntime")
    extra = "whisper"
    max_batch_cost = 240.0

    _transcriber: Transcriber | None = None
    _size = 0

    def load(self) -> None:
        options = read_options(WhisperOptions, self.config)
        try:
            from predictors.models.whisper.network import WhisperNetwork
            from predictors.models.whisper.transcriber import Transcriber
        except ModuleNotFoundError as exc:
            raise ModelFailed(
                f"FasterWhisper needs the Python package {exc.name}; "
                "install it with: pip install 'harmony-speech[whisper]'"
            ) from exc
        path = resolve(
            TAGS.get(self.config.model, self.config.model),
            revision=self.config.revision,
            allow=FILES,
            required=_REQUIRED,
        )
        device, index = self._device()
        compute_type = self._compute_type(options.compute_type, device)
        network = self.weights.share(
            ("whisper", path, device, index, compute_type, options.cpu_threads),
            lambda: WhisperNetwork(
                path,
                device=device,
                device_index=index,
                compute_type=compute_type,
                threads=options.cpu_threads,
            ),
        )
        detector = shipped_network()
        self._detector = self.weights.share(
            ("silero", detector, 1), lambda: SpeechNetwork(detector)
        )
        self._transcriber = Transcriber(network, has_short_windows=options.short_windows)
        stored = (path / "model.bin").stat().st_size
        width = _BYTES_PER_WEIGHT[compute_type.partition("_")[0]]
        self._size = stored * width // _STORED_BYTES_PER_WEIGHT

    def _device(self) -> tuple[str, int]:
        import ctranslate2

        wanted = worker_device(self.config.device_config)
        if wanted is None:
            return "cpu", 0
        index = int(wanted.partition(":")[2])
        if index < ctranslate2.get_cuda_device_count():
            return "cuda", index
        if self.config.device_config.device == "auto":
            return "cpu", 0
        raise ModelFailed(
            f"{self.config.name}: CTranslate2 sees no GPU {index}; check the driver, or set "
            "device to cpu"
        )

    def _compute_type(self, option: str, device: str) -> str:
        import ctranslate2

        default = "int8" if device == "cpu" else "float16"
        chosen = option if option != "auto" else _COMPUTE_TYPES.get(self.config.dtype, default)
        supported = sorted(ctranslate2.get_supported_compute_types(device))
        if chosen not in supported:
            raise InvalidConfig(
                f"{self.config.name}: compute_type {chosen} does not run on this {device}; "
                f"use one of: {', '.join(supported)}"
            )
        return chosen

    def unload(self) -> None:
        self._transcriber = None
        del self._detector

    @property
    def _loaded(self) -> Transcriber:
        if self._transcriber is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        return self._transcriber

    def check(self, request: TranscribeInput) -> None:
        if self._transcriber is None:
            return  # infer() finds out
        network = self._transcriber.network
        if request.translate and not network.is_multilingual:
            raise InvalidRequest(
                f"{self.config.name} knows English only and cannot translate; "
                "use a multilingual model",
                param="translate",
            )
        if request.language is not None and request.language.lower() not in network.languages:
            raise InvalidRequest(
                f"language {request.language!r} is not known to {self.config.name}; "
                f"leave it out, or use one of: {', '.join(network.languages)}",
                param="language",
            )
        if request.languages and not self._known(request.languages):
            raise InvalidRequest(
                f"none of the languages {request.languages!r} is known to {self.config.name}; "
                f"leave them out, or use some of: {', '.join(network.languages)}",
                param="languages",
            )

    def _known(self, languages: str | None) -> frozenset[str]:
        """Those of the codes, given with commas, that the model was trained on."""
        codes = {code.strip().lower() for code in (languages or "").split(",")}
        return frozenset(codes.intersection(self._loaded.network.languages))

    def batch_key(self, request: TranscribeInput) -> Hashable:
        return (
            request.beam_size,
            request.temperature,
            request.segment_timestamps,
            request.prompt,
            request.hotwords,
        )

    def infer(self, batch: Sequence[TranscribeInput]) -> Sequence[TranscribeOutput | SpeechError]:
        prepared = [self._prepare(request) for request in batch]
        recordings = [one for one in prepared if not isinstance(one, SpeechError)]
        found = iter(self._loaded.transcribe(recordings, _search(batch[0]), batch[0].temperature))
        return [
            one if isinstance(one, SpeechError) else _output(request, next(found))
            for request, one in zip(batch, prepared, strict=True)
        ]

    def _prepare(self, request: TranscribeInput) -> Recording | SpeechError:
        from predictors.models.whisper.transcriber import Recording

        try:
            self.check(request)
        except InvalidRequest as refusal:
            return refusal
        samples = resample(request.audio, SAMPLE_RATE).samples
        speech = speech_spans(self._detector.probabilities(samples), len(samples), _SPEECH)
        return Recording(
            tuple(cut(samples, speech, keep_pauses=not request.vad_filter)),
            request.language.lower() if request.language else None,
            request.translate,
            request.word_timestamps,
            self._known(request.languages),
        )

    def cost(self, request: TranscribeInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> TranscribeInput:
        """A tone, past the speech detector and with word times: every part runs once."""
        tone = 0.1 * np.sin(np.arange(SAMPLE_RATE, dtype=np.float32) * 0.2)
        return TranscribeInput(
            Audio(tone.astype(np.float32), SAMPLE_RATE), vad_filter=False, word_timestamps=True
        )

    def footprint_bytes(self) -> int:
        return self._size


def _search(request: TranscribeInput) -> Search:
    from predictors.models.whisper.network import Search

    return Search(request.beam_size, request.segment_timestamps, request.prompt, request.hotwords)


def _output(request: TranscribeInput, found: Transcript) -> TranscribeOutput:
    return TranscribeOutput(
        text="".join(segment.text for segment in found.segments).strip(),
        segments=found.segments,
        language=found.language,
        language_probability=found.language_probability,
        duration_s=request.audio.duration_s,
    )
