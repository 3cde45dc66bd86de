"""Harmony Speech V1: hears a voice, speaks English in it as a mel spectrogram, makes it audible."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from contract.audio.codec import Audio
from contract.config import ModelConfig
from contract.embedding import HARMONYSPEECH, Embedding, LegacyEmbedding
from contract.errors import InvalidAudio, InvalidRequest, ModelNotReady, SpeechError
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
from predictors.nn.mastering import insert_pauses, normalize_peak
from predictors.nn.mels import check_mel, piece_lengths
from predictors.nn.speaker_embedding import opened
from predictors.runtime.model import ModelType
from predictors.runtime.options import NoOptions, read_options
from predictors.runtime.weights.source import WeightsMissing, resolve
from predictors.text.english.harmonyspeech_pieces import text_to_pieces
from predictors.text.errors import NoSpeakableText

if TYPE_CHECKING:  # torch takes seconds to import: load() does it
    from predictors.models.harmonyspeech.encoding import SpeakerEar
    from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron
    from predictors.models.harmonyspeech.ge2e import GE2E
    from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
    from predictors.models.harmonyspeech.synthesis import MelSpeaker, Spoken
    from predictors.nn.vocoding import Vocoder

SAMPLE_RATE = 16_000
_HOP_LENGTH = 200
"""Samples of a frame in the public release; for costs, before the network is loaded."""
_DIMS = 768
"""Of the public release's embeddings; for a check before the network is loaded."""
MAX_CHARACTERS = 20_000
"""About 20 minutes of speech, 100 000 mel frames."""


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


class HarmonySpeechEncoder(ModelType[EmbedSpeakerInput, EmbedSpeakerOutput]):
    """Hears whose voice a recording is in: one unit vector, of 768 numbers in the public release.

    `model` is harmony-ai/harmony-speech-v1, a directory of its layout, or the weight file of a
    GE2E encoder without a config.json, as Resemblyzer ships one (256 numbers).
    """

    task = Task.EMBED_SPEAKER
    packages = ("torch", "webrtcvad")
    extra = "torch"
    max_batch_cost = 400.0

    _ear: SpeakerEar | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.harmonyspeech.encoding import SpeakerEar, reduce_ge2e
        from predictors.models.harmonyspeech.ge2e_frontend import (
            HARMONY_STEP_FRAMES,
            RESEMBLYZER_STEP_FRAMES,
        )
        from predictors.nn.torch_checkpoint import shared_network

        read_options(NoOptions, self.config)
        place = _find(self.config, "encoder")
        loaded = shared_network(
            self.config,
            self.weights,
            place,
            build=lambda: self._read(place),
            reduce=reduce_ge2e,
        )
        step = RESEMBLYZER_STEP_FRAMES if place.is_file() else HARMONY_STEP_FRAMES
        self._ear = SpeakerEar(loaded.network, loaded.device, step)
        self._size = loaded.size_bytes

    def _read(self, place: Path) -> GE2E:
        from predictors.models.harmonyspeech.ge2e import GE2E
        from predictors.nn.checkpoint import read_checkpoint
        from predictors.nn.torch_checkpoint import read_config

        if place.is_file():
            return GE2E.from_checkpoint(read_checkpoint(place))
        config = read_config(place / "config.json", family=self.config.model_type)
        return GE2E.from_checkpoint(read_checkpoint(place / "encoder.pt"), config)

    def unload(self) -> None:
        self._ear = None

    def infer(
        self, batch: Sequence[EmbedSpeakerInput]
    ) -> Sequence[EmbedSpeakerOutput | SpeechError]:
        if self._ear is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        heard = [_windows(self._ear, request) for request in batch]
        voices = iter(self._ear.voices([one for one in heard if not isinstance(one, InvalidAudio)]))
        return [one if isinstance(one, InvalidAudio) else _tagged(next(voices)) for one in heard]

    def cost(self, request: EmbedSpeakerInput) -> float:
        return request.audio.duration_s

    def warm_up_request(self) -> EmbedSpeakerInput:
        return EmbedSpeakerInput(_hum())

    def footprint_bytes(self) -> int:
        return self._size


def _windows(ear: SpeakerEar, request: EmbedSpeakerInput) -> FloatArray | InvalidAudio:
    try:
        return ear.windows(request.audio, request.segments)
    except InvalidAudio as refusal:
        return refusal


def _tagged(voice: FloatArray | InvalidAudio) -> EmbedSpeakerOutput | InvalidAudio:
    if isinstance(voice, InvalidAudio):
        return voice
    return EmbedSpeakerOutput(Embedding(HARMONYSPEECH, voice))


def _hum() -> Audio:
    """Two seconds that a speech detector takes for a voice: the harmonics of 150 Hz."""
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    harmonics = [np.sin(2 * np.pi * 150 * k * time_s) / k for k in range(1, 20)]
    return Audio((0.3 * np.sum(harmonics, axis=0)).astype(np.float32), SAMPLE_RATE)


# Speaking in it -----------------------------------------------------------------------------


class HarmonySpeechSynthesizer(ModelType[SynthesizeMelInput, SynthesizeMelOutput]):
    """Speaks English in the voice of an embedding, as a mel spectrogram of 80 frames a second.

    `model` is harmony-ai/harmony-speech-v1 or a directory of its layout. A text of up to 400
    characters, numbers spelled out, is one piece; longer texts are cut at the ends of sentences.
    `pauses` tells the vocoder where pieces end. The same request gives the same mel.
    """

    task = Task.SYNTHESIZE_MEL
    packages = ("torch", "text_unidecode")
    extra = "torch,text"
    max_batch_cost = 2000.0

    _speaker: MelSpeaker | None = None
    _dims = _DIMS
    _size = 0

    def load(self) -> None:
        from predictors.models.harmonyspeech.synthesis import MelSpeaker, reduce_tacotron
        from predictors.nn.torch_checkpoint import shared_network

        read_options(NoOptions, self.config)
        folder = _folder(self.config, "synthesizer")
        loaded = shared_network(
            self.config,
            self.weights,
            folder,
            build=lambda: self._read_network(folder),
            reduce=reduce_tacotron,
        )
        self._dims = loaded.network.config.speaker_embed_dims
        self._speaker = MelSpeaker(loaded.network, loaded.device)
        self._size = loaded.size_bytes

    def _read_network(self, folder: Path) -> ForwardTacotron:
        from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron
        from predictors.nn.checkpoint import read_checkpoint
        from predictors.nn.torch_checkpoint import read_config

        config = read_config(folder / "config.json", family=self.config.model_type)
        return ForwardTacotron.from_checkpoint(read_checkpoint(folder / "synthesizer.pt"), config)

    def unload(self) -> None:
        self._speaker = None

    def check(self, request: SynthesizeMelInput) -> None:
        if len(request.text) > MAX_CHARACTERS:
            raise InvalidRequest(
                f"text has {len(request.text)} characters; this model speaks at most "
                f"{MAX_CHARACTERS} at a time, so send it in parts",
                param="text",
            )
        if isinstance(request.embedding, LegacyEmbedding):
            raise InvalidRequest(
                "embedding is a torch.save file, which holds an openvoice or chatterbox voice; "
                f"this model needs a {HARMONYSPEECH} embedding, so embed the voice with "
                "HarmonySpeechEncoder",
                param="embedding",
            )
        request.embedding.require_family(HARMONYSPEECH, param="embedding")
        if self._speaker is not None:  # before that, infer() finds out
            opened(request.embedding, HARMONYSPEECH, self._dims, "embedding")

    def infer(
        self, batch: Sequence[SynthesizeMelInput]
    ) -> Sequence[SynthesizeMelOutput | SpeechError]:
        if self._speaker is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        return self._speaker.answers([self._read(request) for request in batch])

    def _read(self, request: SynthesizeMelInput) -> Spoken | SpeechError:
        """The request's text as symbols and its voice as numbers, or why it cannot be spoken."""
        from predictors.models.harmonyspeech.synthesis import Spoken

        try:
            self.check(request)
            voice = opened(request.embedding, HARMONYSPEECH, self._dims, "embedding")
            pieces = text_to_pieces(request.text)
        except InvalidRequest as refusal:
            return refusal
        except NoSpeakableText as exc:
            return InvalidRequest(str(exc), param="text")
        return Spoken(pieces, voice, request.speed, request.pitch, request.energy)

    def cost(self, request: SynthesizeMelInput) -> float:
        return len(request.text)

    def warm_up_request(self) -> SynthesizeMelInput:
        voice = np.full(self._dims, self._dims**-0.5, np.float32)
        return SynthesizeMelInput("Good morning.", Embedding(HARMONYSPEECH, voice))

    def footprint_bytes(self) -> int:
        return self._size


# Making it audible --------------------------------------------------------------------------


class HarmonySpeechVocoder(ModelType[VocodeInput, AudioOutput]):
    """Makes a mel of HarmonySpeechSynthesizer audible: 16 kHz, its peak at 0.97.

    `model` is harmony-ai/harmony-speech-v1 or a directory of its layout. With `pauses`, 150 ms of
    silence follow every piece. Mels may be of any length.
    """

    task = Task.VOCODE
    packages = ("torch",)
    extra = "torch"
    max_batch_cost = 200.0

    _network: MultiBandMelGAN | None = None
    _vocoder: Vocoder | None = None
    _size = 0

    def load(self) -> None:
        from predictors.models.harmonyspeech.melgan import melgan_vocoder, reduce_melgan
        from predictors.nn.torch_checkpoint import shared_network

        read_options(NoOptions, self.config)
        folder = _folder(self.config, "vocoder")
        loaded = shared_network(
            self.config,
            self.weights,
            folder,
            build=lambda: self._read_network(folder),
            reduce=reduce_melgan,
        )
        self._network, self._size = loaded.network, loaded.size_bytes
        self._vocoder = melgan_vocoder(loaded.network, loaded.device, loaded.dtype)

    def _read_network(self, folder: Path) -> MultiBandMelGAN:
        from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN
        from predictors.nn.checkpoint import read_checkpoint
        from predictors.nn.torch_checkpoint import read_config

        config = read_config(folder / "config.json", family=self.config.model_type)
        return MultiBandMelGAN.from_checkpoint(read_checkpoint(folder / "vocoder.pt"), config)

    def unload(self) -> None:
        self._network = self._vocoder = None

    def check(self, request: VocodeInput) -> None:
        check_mel(request.mel, self._network.config.in_channels if self._network else None)
        piece_lengths(request.pauses, request.mel.shape[1])

    def infer(self, batch: Sequence[VocodeInput]) -> Sequence[AudioOutput | SpeechError]:
        if self._vocoder is None or self._network is None:
            raise ModelNotReady(f"{self.config.name} is not loaded")
        from predictors.nn.vocoding import answer_mels

        return answer_mels(
            batch, self._vocoder, self._network, check=self.check, finish=self._finished
        )

    def _finished(self, request: VocodeInput, wave: FloatArray) -> AudioOutput:
        assert self._network is not None  # infer() has seen to it
        pieces = piece_lengths(request.pauses, request.mel.shape[1])
        paused = insert_pauses(
            wave, pieces, hop_length=self._network.config.hop_length, sample_rate=SAMPLE_RATE
        )
        return AudioOutput(Audio(normalize_peak(paused), SAMPLE_RATE))

    def cost(self, request: VocodeInput) -> float:
        return request.mel.shape[-1] * _HOP_LENGTH / SAMPLE_RATE if request.mel.ndim else 0.0

    def warm_up_request(self) -> VocodeInput:
        bands = self._network.config.in_channels if self._network else 80
        return VocodeInput(np.zeros((bands, 40), np.float32))

    def footprint_bytes(self) -> int:
        return self._size
