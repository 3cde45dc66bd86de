"""OpenVoice V1 and V2: hearing whose voice a recording is in, and giving speech another's tone.

The converters of V1 and V2 are one network with other weights; their embeddings do not mix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import AnyEmbedding, Embedding
from contract.errors import InvalidRequest
from contract.tasks import (
    AudioOutput,
    ConvertVoiceInput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    FloatArray,
    Task,
)
from predictors.models.vits.base_speakers import BaseSpeakers, read_base_speakers
from predictors.models.vits.checkpoints import shared_vits
from predictors.models.vits.config import LICENSE
from predictors.models.vits.converter_network import VitsToneConverter
from predictors.models.vits.releases import V1, V2, Release, find, shared_encoder
from predictors.models.vits.tone import (
    MAX_RUN_FRAMES,
    Conversion,
    SpeakerEncoder,
    ToneConverter,
    mean_voice,
)
from predictors.nn.audible import audible
from predictors.nn.loading import refuse_damaged
from predictors.nn.reference_clips import equal_parts, reference_clips
from predictors.nn.speaker_embedding import load_embedding
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options

_WARM_UP_RATE = 16_000


class _ToneConverterEncoder(Model[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """Hears whose voice a recording is in; the embedding is the mean over its clips."""

    spec = ModelSpec(
        Task.EMBED_SPEAKER, packages=("torch",), extra="torch", image="torch", license=LICENSE
    )
    max_batch_cost = MAX_RUN_FRAMES
    release: ClassVar[Release]

    def __init__(self, encoder: SpeakerEncoder, size_bytes: int) -> None:
        self.encoder, self.size_bytes = encoder, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        encoder, loaded = shared_encoder(find(cls.release, config), config, weights)
        return cls(encoder, loaded.size_bytes)

    def prepare(self, request: EmbedSpeakerInput) -> Prepared[None]:
        rate = self.encoder.sample_rate
        samples = audible(request.audio, rate, min_samples=1)
        clips = reference_clips(samples, rate, request.segments)
        return Prepared([Unit(clip, self.encoder.frames(clip)) for clip in clips], None)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return self.encoder.embeddings(batch)

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> EmbedSpeakerOutput:
        return EmbedSpeakerOutput(Embedding(self.release.family, mean_voice(results)))

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(_tone())


class OpenVoiceV1ToneConverterEncoder(_ToneConverterEncoder):
    """Embeds a speaker for OpenVoice V1. `model` is myshell-ai/OpenVoice or its layout on disk."""

    release = V1


class OpenVoiceV2ToneConverterEncoder(_ToneConverterEncoder):
    """Embeds a speaker for OpenVoice V2. `model` is myshell-ai/OpenVoiceV2 or its layout."""

    release = V2


class _ToneConverter(Model[ConvertVoiceInput, AudioOutput]):
    """Says the same in another voice, at 22.05 kHz and the same tempo.

    The voice that speaks is `source_embedding`, else the base speaker that `source_language` and
    `source_voice` name, else what the audio sounds like. Without a `seed` of its own, a request
    has the entry's.
    """

    spec = ModelSpec(
        Task.CONVERT_VOICE, packages=("torch",), extra="torch", image="torch", license=LICENSE
    )
    max_batch_cost = MAX_RUN_FRAMES
    release: ClassVar[Release]

    def __init__(
        self,
        config: ModelConfig,
        converter: ToneConverter,
        base_speakers: BaseSpeakers,
        size_bytes: int,
    ) -> None:
        self._config, self._base_speakers = config, base_speakers
        self.converter, self._encoder = converter, converter.encoder
        self.size_bytes = size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        files = find(cls.release, config)
        encoder, embedder = shared_encoder(files, config, weights)
        loaded = shared_vits(
            VitsToneConverter, files.folder, config, weights, part="tone-converter"
        )
        loaded.network.ref_enc = embedder.network.ref_enc  # one copy in memory, whoever loaded it
        speakers = read_base_speakers(
            files.root, cls.release.base_speakers, cls.release.names, encoder.dims
        )
        converter = ToneConverter(loaded.network, encoder, loaded.device)
        return cls(config, converter, speakers, loaded.size_bytes)

    def prepare(self, request: ConvertVoiceInput) -> Prepared[None]:
        if request.target_embedding is None:
            raise InvalidRequest(
                "target_embedding is missing; embed the wanted voice with "
                f"{self._config.model_type}Encoder and send the result",
                param="target_embedding",
            )
        target = self._voice(request.target_embedding, "target_embedding")
        source = self._named_source(request)
        rate = self._encoder.sample_rate
        samples = audible(request.audio, rate, min_samples=self._encoder.min_samples)
        conversion = Conversion(
            samples,
            equal_parts(samples, rate) if source is None else source,
            target,
            request.tau,
            self._config.seed if request.seed is None else request.seed,
        )
        is_alone = request.seed is not None  # the same bytes whatever else is converted
        frames = self._encoder.frames(samples)
        return Prepared([Unit(conversion, frames, is_alone=is_alone)], None)

    def run(self, batch: Sequence[Conversion]) -> list[FloatArray]:
        return self.converter.convert(batch)

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> AudioOutput:
        (wave,) = results
        if np.isfinite(wave).all():
            return AudioOutput(Audio(wave, self._encoder.sample_rate))
        refuse_damaged(self.converter.network)
        raise InvalidRequest(
            "target_embedding gives no finite sound; embed the voice again",
            param="target_embedding",
        )

    def warm_up_request(self) -> ConvertVoiceInput:
        voice = Embedding(self.release.family, np.zeros(self._encoder.dims, np.float32))
        return ConvertVoiceInput(_tone(), voice)

    def _named_source(self, request: ConvertVoiceInput) -> FloatArray | None:
        if request.source_embedding is not None:
            return self._voice(request.source_embedding, "source_embedding")
        return self._base_speakers.find(request.source_language, request.source_voice)

    def _voice(self, embedding: AnyEmbedding, param: str) -> FloatArray:
        return load_embedding(embedding, self.release.family, self._encoder.dims, param)


class OpenVoiceV1ToneConverter(_ToneConverter):
    """Converts to OpenVoice V1 embeddings. `model` is myshell-ai/OpenVoice or its layout."""

    release = V1


class OpenVoiceV2ToneConverter(_ToneConverter):
    """Converts to OpenVoice V2 embeddings. `model` is myshell-ai/OpenVoiceV2 or its layout."""

    release = V2


def _tone() -> Audio:
    """A second of sound to warm up with."""
    time_s = np.arange(_WARM_UP_RATE) / _WARM_UP_RATE
    return Audio((0.5 * np.sin(2 * np.pi * 220 * time_s)).astype(np.float32), _WARM_UP_RATE)
