"""Harmony Speech V1: speaks English in a voice as a mel spectrogram, and makes it audible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import HARMONYSPEECH, AnyEmbedding, Embedding, LegacyEmbedding
from contract.errors import InvalidRequest
from contract.tasks import (
    AudioOutput,
    FloatArray,
    SynthesizeMelInput,
    SynthesizeMelOutput,
    Task,
    VocodeInput,
)
from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron
from predictors.models.harmonyspeech.melgan import MAX_RUN_FRAMES, WINDOWS, Vocoder, reduce_melgan
from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
from predictors.models.harmonyspeech.places import LICENSE, find_folder
from predictors.models.harmonyspeech.synthesis import (
    MAX_RUN_SYMBOLS,
    MelSynthesizer,
    Piece,
    reduce_tacotron,
)
from predictors.nn.checkpoint import read_checkpoint
from predictors.nn.loading import shared_network
from predictors.nn.mastering import insert_pauses, normalize_peak
from predictors.nn.public_config import read_config
from predictors.nn.speaker_embedding import load_embedding
from predictors.nn.text_errors import text_errors
from predictors.nn.vocoding import CutMel, joined
from predictors.runtime.model import Model, ModelSpec, Prepared, Unit, Weights
from predictors.runtime.options import NoOptions, read_options
from predictors.text.english.harmonyspeech_pieces import text_to_pieces

SAMPLE_RATE = 16_000
MAX_CHARACTERS = 20_000
"""About 20 minutes of speech, 100 000 mel frames."""


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
        license=LICENSE,
    )
    max_batch_cost = MAX_RUN_SYMBOLS

    def __init__(self, synthesizer: MelSynthesizer, size_bytes: int) -> None:
        self.synthesizer, self.size_bytes = synthesizer, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        folder = find_folder(config, "synthesizer")

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

    def _voice(self, embedding: AnyEmbedding) -> FloatArray:
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
        Task.VOCODE, packages=("torch",), extra="torch", image="torch", license=LICENSE
    )
    max_batch_cost = MAX_RUN_FRAMES

    def __init__(self, vocoder: Vocoder, size_bytes: int) -> None:
        self.vocoder, self.size_bytes = vocoder, size_bytes

    @classmethod
    def load(cls, config: ModelConfig, weights: Weights) -> Self:
        read_options(NoOptions, config)
        folder = find_folder(config, "vocoder")

        def build() -> MultiBandMelGAN:
            sizes = read_config(folder / "config.json", family=config.model_type)
            return MultiBandMelGAN.from_checkpoint(read_checkpoint(folder / "vocoder.pt"), sizes)

        loaded = shared_network(config, weights, folder, build=build, reduce=reduce_melgan)
        return cls(Vocoder(loaded.network), loaded.size_bytes)

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
