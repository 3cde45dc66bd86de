"""OpenVoice V1 and V2: English and Chinese base voices, and giving speech another voice's tone.

The converters of V1 and V2 are one network with other weights; their embeddings do not mix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from contract.audio.codec import Audio
from contract.config import InvalidConfig
from contract.embedding import Embedding, LegacyEmbedding
from contract.errors import InvalidAudio, InvalidRequest, ModelFailed, ModelNotReady, SpeechError
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    FloatArray,
    SynthesizeInput,
    Task,
)
from predictors.models.vits.base_speakers import read_base_speakers
from predictors.models.vits.releases import V1, V2, Release, find, shared_embedder
from predictors.models.vits.voices import check_language, language_key, voice_table
from predictors.nn.audible import audible
from predictors.nn.reference_clips import equal_parts, reference_clips
from predictors.nn.speaker_embedding import opened
from predictors.runtime.model import ModelType
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import resolve
from predictors.text.errors import NoSpeakableText
from predictors.text.openvoice import LANGUAGES, text_to_ids
from predictors.text.optional_library import MissingLibraryError

if TYPE_CHECKING:  # torch takes seconds to import: load() does it
    from predictors.models.vits.synthesis import Speaker, Spoken
    from predictors.models.vits.tone import Conversion, VoiceChanger, VoiceEar

_WARM_UP_RATE = 16_000
_GREETINGS = {"EN": "Good morning.", "ZH": "早上好。"}


# Base voices --------------------------------------------------------------------------------


class OpenVoiceV1Synthesizer(ModelType[SynthesizeInput, AudioOutput]):
    """Speaks English in nine styles, or Chinese, at 22.05 kHz.

    `model` is myshell-ai/OpenVoice or a directory of its layout; `language` is EN (the default) or
    ZH and picks the checkpoint. The same request gives the same sound: without a `seed` of its own
    it has the entry's.
    """

    task = Task.SYNTHESIZE
    packages = ("torch", "text_unidecode")
    extra = "torch,text"
    max_batch_cost = 2000.0

    _speaker: Speaker | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.vits.checkpoints import Checkpoint
        from predictors.models.vits.network import VitsSynthesizer
        from predictors.models.vits.synthesis import Speaker
        from predictors.nn.device import fast_dtype, size_bytes, torch_device

        read_options(NoOptions, self.config)
        folder = f"checkpoints/base_speakers/{self._language}"
        files = (f"{folder}/config.json", f"{folder}/checkpoint.pth")
        root = resolve(
            self.config.model, revision=self.config.revision, allow=files, required=files
        )
        checkpoint = Checkpoint("OpenVoiceV1Synthesizer", root / folder)
        device = torch_device(self.config.device_config)
        dtype = fast_dtype(self.config.dtype, device)
        config = checkpoint.config()
        network = self.weights.share(
            ("vits", checkpoint.weights.resolve(), str(dtype), str(device)),
            lambda: checkpoint.network(VitsSynthesizer, device, dtype),
        )
        self._voices = voice_table(config.get("speakers"), network.config.n_speakers, self.config)
        self._symbols: Sequence[str] = config["symbols"]
        self._speaker, self._size = Speaker(network, device), size_bytes(network)

    def unload(self) -> None:
        self._speaker = None

    @property
    def _language(self) -> str:
        language = language_key(self.config.language or "EN")
        if language not in LANGUAGES:
            raise InvalidConfig(
                f"{self.config.name}: OpenVoice V1 does not speak {self.config.language}; "
                f"set language to one of: {', '.join(LANGUAGES)}"
            )
        return language

    def check(self, request: SynthesizeInput) -> None:
        check_language(request.language, self._language)
        if self._speaker is not None:  # before that, infer() finds out
            self._voices.speaker_id(request.voice)

    def infer(self, batch: Sequence[SynthesizeInput]) -> Sequence[AudioOutput | SpeechError]:
        if self._speaker is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        return self._speaker.answers([self._read(request) for request in batch])

    def _read(self, request: SynthesizeInput) -> Spoken | SpeechError:
        """The request's text as phones, or why it cannot be spoken."""
        from predictors.models.vits.synthesis import Delivery, Piece, Spoken

        try:
            self.check(request)
            pieces = text_to_ids(request.text, self._language, self._symbols)
        except InvalidRequest as refusal:
            return refusal
        except NoSpeakableText as exc:
            return InvalidRequest(str(exc), param="text")
        except MissingLibraryError as exc:
            return ModelFailed(str(exc))
        own = Delivery(speed=1.0, noise_scale=0.667, noise_scale_w=0.6, sdp_ratio=0.2)
        return Spoken(
            [Piece(ids) for ids in pieces],
            self._voices.speaker_id(request.voice),
            own.asked_by(request),
            self.config.seed if request.seed is None else request.seed,
        )

    def cost(self, request: SynthesizeInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeInput:
        return SynthesizeInput(_GREETINGS[self._language])

    def footprint_bytes(self) -> int:
        return self._size


# Tone converters ----------------------------------------------------------------------------


class _ToneConverterEncoder(ModelType[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """Hears whose voice a recording is in; the embedding is the mean over its clips."""

    task = Task.EMBED_SPEAKER
    packages = ("torch",)
    extra = "torch"
    max_batch_cost = 120.0
    release: ClassVar[Release]

    _ear: VoiceEar | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.vits.tone import VoiceEar
        from predictors.nn.device import size_bytes

        read_options(NoOptions, self.config)
        files = find(self.release, self.config)
        network = shared_embedder(files, self.weights)
        self._ear, self._size = VoiceEar(network, files.device), size_bytes(network)

    def unload(self) -> None:
        self._ear = None

    def infer(
        self, batch: Sequence[EmbedSpeakerInput]
    ) -> Sequence[EmbedSpeakerOutput | SpeechError]:
        if self._ear is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        cut = [_clips(request, self._ear.sample_rate) for request in batch]
        voices = iter(self._ear.voices([clips for clips in cut if isinstance(clips, list)]))
        return [
            EmbedSpeakerOutput(Embedding(self.release.family, next(voices)))
            if isinstance(clips, list)
            else clips
            for clips in cut
        ]

    def cost(self, request: EmbedSpeakerInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(_tone())

    def footprint_bytes(self) -> int:
        return self._size


def _clips(request: EmbedSpeakerInput, sample_rate: int) -> list[FloatArray] | InvalidAudio:
    try:
        samples = audible(request.audio, sample_rate, min_samples=1)
        return reference_clips(samples, sample_rate, request.segments)
    except InvalidAudio as refusal:
        return refusal


def _tone() -> Audio:
    """A second of sound to warm up with."""
    time_s = np.arange(_WARM_UP_RATE) / _WARM_UP_RATE
    return Audio((0.5 * np.sin(2 * np.pi * 220 * time_s)).astype(np.float32), _WARM_UP_RATE)


class OpenVoiceV1ToneConverterEncoder(_ToneConverterEncoder):
    """Embeds a speaker for OpenVoice V1. `model` is myshell-ai/OpenVoice or its layout on disk."""

    release = V1


class OpenVoiceV2ToneConverterEncoder(_ToneConverterEncoder):
    """Embeds a speaker for OpenVoice V2. `model` is myshell-ai/OpenVoiceV2 or its layout."""

    release = V2


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A request with its arrays read; `source` is None where the audio itself has to tell."""

    request: ConvertVoiceInput
    samples: FloatArray
    target: FloatArray
    source: FloatArray | None


class _ToneConverter(ModelType[ConvertVoiceInput, AudioOutput]):
    """Says the same in another voice, at 22.05 kHz and the same tempo.

    The voice that speaks is `source_embedding`, else the base speaker that `source_language` and
    `source_voice` name, else what the audio sounds like. Without a `seed` of its own, a request
    has the entry's.
    """

    task = Task.CONVERT_VOICE
    packages = ("torch",)
    extra = "torch"
    max_batch_cost = 120.0
    release: ClassVar[Release]

    _changer: VoiceChanger | None = None
    _dims = 256
    _size = 0

    def load(self) -> None:
        from predictors.models.vits.network import VitsToneConverter
        from predictors.models.vits.tone import VoiceChanger, VoiceEar
        from predictors.nn.device import fast_dtype, size_bytes

        read_options(NoOptions, self.config)
        files = find(self.release, self.config)
        dtype = fast_dtype(self.config.dtype, files.device)
        embedder = shared_embedder(files, self.weights)
        network = self.weights.share(
            ("tone-converter", files.checkpoint.weights.resolve(), str(dtype), str(files.device)),
            lambda: files.checkpoint.network(VitsToneConverter, files.device, dtype),
        )
        network.ref_enc = embedder.ref_enc  # one copy in memory, whoever loaded it
        self._ear = VoiceEar(embedder, files.device)
        self._dims = self._ear.dims
        self._base_speakers = read_base_speakers(
            files.root, self.release.base_speakers, self.release.names, self._dims
        )
        self._changer = VoiceChanger(network, self._ear, files.device)
        self._size = size_bytes(network)

    def unload(self) -> None:
        self._changer = None

    def check(self, request: ConvertVoiceInput) -> None:
        if request.target_embedding is None:
            raise InvalidRequest(
                "target_embedding is missing; embed the voice to get with "
                f"{self.config.model_type}Encoder and send the result",
                param="target_embedding",
            )
        for name in ("target_embedding", "source_embedding"):
            given = getattr(request, name)
            if isinstance(given, Embedding):
                given.require_family(self.release.family, param=name)
        if self._changer is not None:
            self._named_source(request)

    def _named_source(self, request: ConvertVoiceInput) -> FloatArray | None:
        if request.source_embedding is not None:
            return self._opened(request.source_embedding, "source_embedding")
        return self._base_speakers.find(request.source_language, request.source_voice)

    def _opened(self, embedding: Embedding | LegacyEmbedding, param: str) -> FloatArray:
        return opened(embedding, self.release.family, self._dims, param)

    def infer(self, batch: Sequence[ConvertVoiceInput]) -> Sequence[AudioOutput | SpeechError]:
        if self._changer is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        read = [self._prepare(request) for request in batch]
        ready = [one for one in read if isinstance(one, _Prepared)]
        waves = iter(self._changer.convert(self._conversions(ready)))
        return [self._answer(next(waves)) if isinstance(one, _Prepared) else one for one in read]

    def _prepare(self, request: ConvertVoiceInput) -> _Prepared | SpeechError:
        ear = self._ear
        try:
            self.check(request)
            assert request.target_embedding is not None  # check() has seen to it
            return _Prepared(
                request,
                audible(request.audio, ear.sample_rate, min_samples=ear.min_samples),
                self._opened(request.target_embedding, "target_embedding"),
                self._named_source(request),
            )
        except InvalidRequest as refusal:
            return refusal

    def _conversions(self, ready: Sequence[_Prepared]) -> list[Conversion]:
        from predictors.models.vits.tone import Conversion

        unknown = [one.samples for one in ready if one.source is None]
        heard = iter(self._ear.voices([equal_parts(s, self._ear.sample_rate) for s in unknown]))
        return [
            Conversion(
                one.samples,
                next(heard) if one.source is None else one.source,
                one.target,
                one.request.tau,
                self.config.seed if one.request.seed is None else one.request.seed,
            )
            for one in ready
        ]

    def _answer(self, wave: FloatArray) -> AudioOutput | SpeechError:
        from predictors.nn.torch_checkpoint import refuse_damaged

        if np.isfinite(wave).all():
            return AudioOutput(Audio(wave, self._ear.sample_rate))
        assert self._changer is not None  # infer() has seen to it
        refuse_damaged(self._changer.network)
        return InvalidRequest(
            "target_embedding gives no finite sound; embed the voice again",
            param="target_embedding",
        )

    def cost(self, request: ConvertVoiceInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> ConvertVoiceInput:
        voice = Embedding(self.release.family, np.zeros(self._dims, np.float32))
        return ConvertVoiceInput(_tone(), voice)

    def footprint_bytes(self) -> int:
        return self._size


class OpenVoiceV1ToneConverter(_ToneConverter):
    """Converts to OpenVoice V1 embeddings. `model` is myshell-ai/OpenVoice or its layout."""

    release = V1


class OpenVoiceV2ToneConverter(_ToneConverter):
    """Converts to OpenVoice V2 embeddings. `model` is myshell-ai/OpenVoiceV2 or its layout."""

    release = V2
