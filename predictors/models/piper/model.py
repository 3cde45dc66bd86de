"""PiperSynthesizer: Piper voices (VITS in ONNX). Needs piper-tts, which is GPL-3.0."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from contract.audio.codec import Audio
from contract.config import InvalidConfig
from contract.errors import InvalidRequest, ModelFailed, ModelNotReady, SpeechError
from contract.tasks import AudioOutput, FloatArray, SynthesizeInput, Task
from predictors.nn.onnx import onnx_providers
from predictors.runtime.model import ModelType
from predictors.runtime.options import read_options
from predictors.runtime.weights.source import WeightsMissing, resolve

if TYPE_CHECKING:  # piper-tts is an optional extra: imported when a voice is loaded
    from predictors.models.piper.network import Piece, Scales
    from predictors.models.piper.voice import LoadedVoice

_DTYPES = ("float32", "float", "auto")


@dataclass(frozen=True, slots=True)
class PiperOptions:
    threads: int = 0
    """Threads of one run; 0 lets ONNX Runtime choose."""
    sentence_silence_s: float = 0.2
    """Silence after every sentence, the last one too: sentences that are spoken one by one join
    to the same audio as the whole text."""


class PiperSynthesizer(ModelType[SynthesizeInput, AudioOutput]):
    """Speaks one Piper voice at its own sample rate.

    `model` is the voice's .onnx file, with its .onnx.json beside it. A voice with several speakers
    takes their names as `voice`; one with a single speaker takes the entry's `voices`.
    The same request gives the same bytes: without a `seed` of its own it has the entry's.
    """

    task = Task.SYNTHESIZE
    packages = ("piper", "onnx", "onnxruntime")
    extra = "piper"
    max_batch_cost = 2000.0

    _voice: LoadedVoice | None = None
    _size = 0

    def load(self) -> None:
        try:
            import onnxruntime

            from predictors.models.piper.voice import load_voice
        except ModuleNotFoundError as exc:
            raise ModelFailed(
                f"PiperSynthesizer needs the Python package {exc.name}; "
                "install it with: pip install 'harmony-speech[piper]'"
            ) from exc
        if self.config.dtype not in _DTYPES:
            raise InvalidConfig(f"{self.config.name}: Piper voices run in float32; remove dtype")
        self._options = read_options(PiperOptions, self.config)
        path = resolve(self.config.model, revision=self.config.revision)
        if path.suffix != ".onnx":
            raise WeightsMissing("`model` of a PiperSynthesizer is the voice's .onnx file")
        threads = self._options.threads
        providers = onnx_providers(self.config.device_config, onnxruntime.get_available_providers())
        voice = self.weights.share(
            ("piper", path, threads, str(providers)),
            lambda: load_voice(path, threads=threads, providers=providers),
        )
        self._check_advertised(voice)
        self._voice, self._size = voice, path.stat().st_size

    def _check_advertised(self, voice: LoadedVoice) -> None:
        speakers = voice.config.speaker_id_map
        unknown = [name for name in self.config.voices if speakers and name not in speakers]
        if unknown:
            raise InvalidConfig(
                f"{self.config.name}: voices names {unknown[0]!r}, which this voice has no "
                f"speaker for; it has: {', '.join(speakers)}"
            )

    def unload(self) -> None:
        self._voice = None

    @property
    def _loaded(self) -> LoadedVoice:
        if self._voice is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        return self._voice

    def check(self, request: SynthesizeInput) -> None:
        if request.sdp_ratio is not None:
            raise InvalidRequest(
                "sdp_ratio means nothing to a Piper voice; leave it out", param="sdp_ratio"
            )
        if self._voice is not None:  # before that, infer() finds out
            self._voice.speaker(request.voice, self.config.voices)
            self._voice.check_language(request.language, self.config.language)

    def batch_key(self, request: SynthesizeInput) -> Hashable:
        return request.speed, request.noise_scale, request.noise_scale_w

    def infer(self, batch: Sequence[SynthesizeInput]) -> Sequence[AudioOutput | SpeechError]:
        texts = [self._read(request) for request in batch]
        pieces = [
            piece
            for sentences in texts
            if not isinstance(sentences, SpeechError)
            for sentence in sentences
            for piece in sentence
        ]
        waves = iter(self._loaded.network.speak(pieces, self._scales(batch[0])))
        return [
            sentences if isinstance(sentences, SpeechError) else self._assemble(sentences, waves)
            for sentences in texts
        ]

    def _read(self, request: SynthesizeInput) -> list[list[Piece]] | SpeechError:
        """For each sentence of the text its pieces, or why it cannot be spoken."""
        from predictors.models.piper.network import Piece
        from predictors.models.piper.phonemes import sentences

        try:
            self.check(request)
            speaker = self._loaded.speaker(request.voice, self.config.voices)
        except InvalidRequest as refusal:
            return refusal
        seed = self.config.seed if request.seed is None else request.seed
        read = [
            [Piece(tuple(ids), seed, speaker) for ids in sentence]
            for sentence in sentences(self._loaded.front_end, request.text)
        ]
        return read or InvalidRequest(
            "text holds nothing that can be spoken; send at least one word", param="text"
        )

    def _scales(self, request: SynthesizeInput) -> Scales:
        from predictors.models.piper.network import Scales

        own = self._loaded.config
        return Scales(
            own.noise_scale if request.noise_scale is None else request.noise_scale,
            own.length_scale / request.speed,
            own.noise_w_scale if request.noise_scale_w is None else request.noise_scale_w,
        )

    def _assemble(
        self, sentences: Sequence[Sequence[Piece]], waves: Iterator[FloatArray]
    ) -> AudioOutput:
        rate = self._loaded.config.sample_rate
        silence = np.zeros(round(self._options.sentence_silence_s * rate), np.float32)
        parts: list[FloatArray] = []
        for sentence in sentences:
            parts += [next(waves) for _ in sentence]
            parts.append(silence)
        return AudioOutput(Audio(np.concatenate(parts), rate))

    def cost(self, request: SynthesizeInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput("Good morning. This is a test.")

    def footprint_bytes(self) -> int:
        return self._size
