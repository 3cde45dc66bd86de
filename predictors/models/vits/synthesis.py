"""Phones to waveforms: the pieces of every request of a batch in one padded pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from contract.audio.codec import Audio
from contract.errors import ModelFailed, SpeechError
from contract.tasks import AudioOutput, FloatArray, SynthesizeInput
from predictors.models.vits.network import VitsSynthesizer
from predictors.nn.batch_by_length import generator, packed
from predictors.nn.torch_checkpoint import refuse_damaged

MAX_RUN_IDS = 5000
"""Padded phones and blanks in one pass: two to three minutes of speech."""
_GAP_S = 0.05  # after every piece, the last one too, at speed 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a request wants its text to be said."""

    speed: float
    noise_scale: float
    noise_scale_w: float
    sdp_ratio: float

    def asked_by(self, request: SynthesizeInput) -> Delivery:
        """This one, with the knobs that the request sets."""
        knobs = {name: getattr(request, name) for name in ("noise_scale", "noise_scale_w")}
        knobs |= {"speed": request.speed, "sdp_ratio": request.sdp_ratio}
        return replace(self, **{name: value for name, value in knobs.items() if value is not None})


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """About one sentence. `ids`, `tones` and `languages` have one entry per phone.

    BERT features are [1024, phones] and [768, phones]; None stands for zeros.
    """

    ids: Sequence[int]
    tones: Sequence[int] = ()
    languages: Sequence[int] = ()
    bert: Tensor | None = None
    ja_bert: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One request, read: its pieces in order, who says them, and how."""

    pieces: Sequence[Piece]
    speaker_id: int
    delivery: Delivery
    seed: int


@dataclass(frozen=True, slots=True)
class _Part:
    """One piece with all that the network must know of it."""

    piece: Piece
    request: Spoken
    number: int


class Speaker:
    """A synthesizer network that answers batches."""

    def __init__(self, network: VitsSynthesizer, device: torch.device) -> None:
        self.network, self._device = network, device

    def answers(self, read: Sequence[Spoken | SpeechError]) -> list[AudioOutput | SpeechError]:
        """One answer per request, in order; requests that could not be read keep their error.

        Raises CorruptWeights when the network no longer gives finite sound.
        """
        requests = [one for one in read if isinstance(one, Spoken)]
        waves = iter(self.waves(requests))
        return [one if isinstance(one, SpeechError) else self._joined(one, waves) for one in read]

    def waves(self, requests: Sequence[Spoken]) -> list[FloatArray]:
        """One waveform [n] per piece of every request, in order."""
        parts = [
            _Part(piece, request, number)
            for request in requests
            for number, piece in enumerate(request.pieces)
        ]
        spoken: dict[int, FloatArray] = {}
        for run in packed([len(part.piece.ids) for part in parts], MAX_RUN_IDS):
            spoken.update(zip(run, self._run([parts[index] for index in run]), strict=True))
        return [spoken[index] for index in range(len(parts))]

    def _run(self, parts: Sequence[_Part]) -> Iterator[FloatArray]:
        with torch.inference_mode():
            result = self.network.synthesize(
                self._padded([part.piece.ids for part in parts]),
                self._column([len(part.piece.ids) for part in parts]),
                self._column([part.request.speaker_id for part in parts]),
                **self._beside_phones([part.piece for part in parts]),  # type: ignore[arg-type]  # by name
                **self._knobs([part.request.delivery for part in parts]),
                generators=[generator(part.request.seed, part.number) for part in parts],
            )
        audio = result.audio.float().cpu().numpy()
        for wave, length in zip(audio, result.audio_lengths.tolist(), strict=True):
            yield wave[:length]

    def _beside_phones(self, pieces: Sequence[Piece]) -> dict[str, Tensor | None]:
        """Tones, languages and BERT features; nothing for a network that reads phones alone."""
        if not self.network.config.n_tones:
            return {}
        return {
            "tones": self._padded([piece.tones for piece in pieces]),
            "languages": self._padded([piece.languages for piece in pieces]),
            "bert": self._features([piece.bert for piece in pieces]),
            "ja_bert": self._features([piece.ja_bert for piece in pieces]),
        }

    def _knobs(self, deliveries: Sequence[Delivery]) -> dict[str, Tensor]:
        """One number per piece, so that requests with different wishes share a pass."""
        return {
            "noise_scale": self._column([one.noise_scale for one in deliveries]),
            "noise_scale_w": self._column([one.noise_scale_w for one in deliveries]),
            "sdp_ratio": self._column([one.sdp_ratio for one in deliveries]),
            "length_scale": self._column([1 / one.speed for one in deliveries]),
        }

    def _padded(self, rows: Sequence[Sequence[int]]) -> Tensor:
        return pad_sequence([torch.tensor(row) for row in rows], batch_first=True).to(self._device)

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def _features(self, features: Sequence[Tensor | None]) -> Tensor | None:
        """Padded [B, dim, T]; all pieces of one model have features, or none has."""
        given = [one.T for one in features if one is not None]
        if len(given) < len(features):
            return None
        return pad_sequence(given, batch_first=True).transpose(1, 2).to(self._device)

    def _joined(self, request: Spoken, waves: Iterator[FloatArray]) -> AudioOutput | SpeechError:
        rate = self.network.config.sampling_rate
        gap = np.zeros(int(rate * _GAP_S / request.delivery.speed), np.float32)
        parts: list[FloatArray] = []
        for _ in request.pieces:
            parts += [next(waves), gap]
        samples = np.concatenate(parts)
        if np.isfinite(samples).all():
            return AudioOutput(Audio(samples, rate))
        refuse_damaged(self.network)
        return ModelFailed("the network gave no finite sound for this text; set dtype to float32")
