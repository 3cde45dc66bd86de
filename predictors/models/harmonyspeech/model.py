"""Harmony Speech V1: hears a voice, speaks English in it as a mel spectrogram, makes it audible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import HARMONYSPEECH, Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from contract.tasks import (
    AudioOutput,
    EmbedSpeakerInput,
    EmbedSpeakerOutput,
    FloatArray,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    Task,
    VocodeInput,
)
from predictors.models.harmonyspeech.encoding import MAX_RUN_WINDOWS, SpeakerEncoder, reduce_ge2e
from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron
from predictors.models.harmonyspeech.ge2e import GE2E
from predictors.models.harmonyspeech.ge2e_frontend import (
    HARMONY_STEP_FRAMES,
    RESEMBLYZER_STEP_FRAMES,
)
from predictors.models.harmonyspeech.melgan import MAX_RUN_FRAMES, WINDOWS, Vocoder, reduce_melgan
from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
from predictors.models.harmonyspeech.synthesis import (
    MAX_RUN_SYMBOLS,
    MelSynthesizer,
    Piece,
    reduce_tacotron,
)
from predictors.nn.checkpoint import read_checkpoint
from predictors.nn.loading import read_config, shared_network
from predictors.nn.mastering import insert_pauses, normalize_peak
from predictors.nn.speaker_embedding import load_embedding
from predictors.nn.text_errors import text_errors
from predictors.nn.vocoding import CutMel, joined
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import WeightsMissing, resolve
from predictors.text.english.harmonyspeech_pieces import text_to_pieces

SAMPLE_RATE = 16_000
MAX_CHARACTERS = 20_000
"""About 20 minutes of speech, 100 000 mel frames."""

_LICENSE = "unverified"


def _files(part: str) -> tuple[str, str]:
    return f"{part}/config.json", f"{part}/{part}.pt"


def _find(config: ModelConfig, part: str) -> Path:
    """The directory of one network in the public layout, or the file that `model` names."""
    files = _files(part)
    root = resolve(config.model, revision=config.revision, allow=files, required=files)
    return root if root.is_file() else root / part


def _folder(config: ModelConfig, part: str) -> Path:
    """As `_find`, for a network whose sizes only its config.json tells."""
    found = _find(config, part)
    if found.is_file():
        raise WeightsMissing(
            f"`model` of a {config.model_type} is a hub id or a directory that holds "
            f"{' and '.join(_files(part))}, not a file"
        )
    return found


# Hearing a voice ----------------------------------------------------------------------------


class HarmonySpeechEncoder(Model[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """Hears whose voice a recording is in: one unit vector, of 768 numbers in the public release.

    `model` is harmony-ai/harmony-speech-v1, a directory of its layout, or the weight file of a
    GE2E encoder without a config.json, as Resemblyzer ships one (256 numbers).
    """

    spec = ModelSpec(
        Task.EMBED_SPEAKER,
        packages=("torch", "webrtcvad"),
        extra="torch",
        image="torch",
        license=_LICENSE,
    )
    max_batch_cost = MAX_RUN_WINDOWS
    is_padded = False

    def __init__(self, encoder: SpeakerEncoder, size_bytes: int) -> None:
        self.encoder, self.size_bytes = encoder, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        place = _find(config, "encoder")
        loaded = shared_network(
            config,
            weights,
            place,
            build=lambda: _read_encoder(place, config.model_type),
            reduce=reduce_ge2e,
        )
        step = RESEMBLYZER_STEP_FRAMES if place.is_file() else HARMONY_STEP_FRAMES
        return cls(SpeakerEncoder(loaded.network, loaded.device, step), loaded.size_bytes)

    def prepare(self, request: EmbedSpeakerInput) -> Prepared[None]:
        windows = self.encoder.windows(request.audio, request.segments)
        runs = np.split(windows, range(MAX_RUN_WINDOWS, len(windows), MAX_RUN_WINDOWS))
        return Prepared([Unit(run, len(run)) for run in runs], None)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return self.encoder.vectors(batch)

    def finish(self, prepared: Prepared[None], results: Sequence[FloatArray]) -> EmbedSpeakerOutput:
        voice = self.encoder.voice(np.concatenate(results))
        return EmbedSpeakerOutput(Embedding(HARMONYSPEECH, voice))

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(_hum())


def _read_encoder(place: Path, family: str) -> GE2E:
    if place.is_file():
        return GE2E.from_checkpoint(read_checkpoint(place))
    config = read_config(place / "config.json", family=family)
    return GE2E.from_checkpoint(read_checkpoint(place / "encoder.pt"), config)


def _hum() -> Audio:
    """Two seconds that a speech detector takes for a voice: the harmonics of 150 Hz."""
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    harmonics = [np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 20)]
    return Audio((0.3 * np.sum(harmonics, axis=0)).astype(np.float32), SAMPLE_RATE)


# Speaking in it -----------------------------------------------------------------------------


class HarmonySpeechSynthesizer(Model[SynthesizeMelInput, SynthesizeMelOutput]):
    """Speaks English in the voice of an embedding, as a mel spectrogram of 80 frames a second.

    `model` is harmony-ai/harmony-speech-v1 or a directory of its layout. A text of up to 400
    characters, numbers spelled out, is one piece; longer texts are cut at the ends of sentences.
    `pauses` tells the vocoder where pieces end. The same request gives the same mel.
    """

    spec = ModelSpec(
        Task.SYNTHESIZE_MEL,
        packages=("torch", "text_unidecode"),
        extra="torch,text",
        image="torch",
        license=_LICENSE,
    )
    max_batch_cost = MAX_RUN_SYMBOLS

    def __init__(self, synthesizer: MelSynthesizer, size_bytes: int) -> None:
        self.synthesizer, self.size_bytes = synthesizer, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        folder = _folder(config, "synthesizer")

        def build() -> ForwardTacotron:
            sizes = read_config(folder / "config.json", family=config.model_type)
            return ForwardTacotron.from_checkpoint(
                read_checkpoint(folder / "synthesizer.pt"), sizes
            )

        loaded = shared_network(config, weights, folder, build=build, reduce=reduce_tacotron)
        return cls(MelSynthesizer(loaded.network, loaded.device), loaded.size_bytes)

    def prepare(self, request: SynthesizeMelInput) -> Prepared[None]:
        if len(request.text) > MAX_CHARACTERS:
            raise InvalidRequest(
                f"text has {len(request.text)} characters; this model speaks at most "
                f"{MAX_CHARACTERS} at a time, so send it in parts",
                param="text",
            )
        voice = self._voice(request.embedding)
        with text_errors():
            pieces = text_to_pieces(request.text)
        prosody = request.speed, request.pitch, request.energy
        return Prepared([Unit(Piece(ids, voice, *prosody), len(ids)) for ids in pieces], None)

    def run(self, batch: Sequence[Piece]) -> list[FloatArray | None]:
        return self.synthesizer.mels(batch)

    def finish(
        self, prepared: Prepared[None], results: Sequence[FloatArray | None]
    ) -> SynthesizeMelOutput:
        return self.synthesizer.joined(results)

    def warm_up_request(self) -> SynthesizeMelInput:
        dims = self.synthesizer.dims
        voice = np.full(dims, dims**-0.5, np.float32)
        return SynthesizeMelInput("Good morning.", Embedding(HARMONYSPEECH, voice))

    def _voice(self, embedding: Embedding | LegacyEmbedding) -> FloatArray:
        if isinstance(embedding, LegacyEmbedding):
            raise InvalidRequest(
                "embedding is a torch.save file, which holds an openvoice or chatterbox voice; "
                f"this model needs a {HARMONYSPEECH} embedding, so embed the voice with "
                "HarmonySpeechEncoder",
                param="embedding",
            )
        return load_embedding(embedding, HARMONYSPEECH, self.synthesizer.dims, "embedding")


# Making it audible --------------------------------------------------------------------------


class HarmonySpeechVocoder(Model[VocodeInput, AudioOutput]):
    """Makes a mel of HarmonySpeechSynthesizer audible: 16 kHz, its peak at 0.97.

    `model` is harmony-ai/harmony-speech-v1 or a directory of its layout. With `pauses`, 150 ms of
    silence follow every piece. Mels may be of any length.
    """

    spec = ModelSpec(
        Task.VOCODE, packages=("torch",), extra="torch", image="torch", license=_LICENSE
    )
    max_batch_cost = MAX_RUN_FRAMES

    def __init__(self, vocoder: Vocoder, size_bytes: int) -> None:
        self.vocoder, self.size_bytes = vocoder, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        folder = _folder(config, "vocoder")

        def build() -> MultiBandMelGAN:
            sizes = read_config(folder / "config.json", family=config.model_type)
            return MultiBandMelGAN.from_checkpoint(read_checkpoint(folder / "vocoder.pt"), sizes)

        loaded = shared_network(config, weights, folder, build=build, reduce=reduce_melgan)
        return cls(Vocoder(loaded.network, loaded.device, loaded.dtype), loaded.size_bytes)

    def prepare(self, request: VocodeInput) -> Prepared[CutMel]:
        return WINDOWS.cut(request, self.vocoder.n_mels)

    def run(self, batch: Sequence[FloatArray]) -> list[FloatArray]:
        return self.vocoder.waves(batch)

    def finish(self, prepared: Prepared[CutMel], results: Sequence[FloatArray]) -> AudioOutput:
        hop_length = self.vocoder.hop_length
        wave = joined(prepared.context, results, hop_length, self.vocoder.network)
        paused = insert_pauses(
            wave, prepared.context.pieces, hop_length=hop_length, sample_rate=SAMPLE_RATE
        )
        return AudioOutput(Audio(normalize_peak(paused), SAMPLE_RATE))

    def warm_up_request(self) -> VocodeInput:
        return VocodeInput(np.zeros((self.vocoder.n_mels, 40), np.float32))
