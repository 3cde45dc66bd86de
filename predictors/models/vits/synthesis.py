"""Phones to waveforms: pieces of several requests in one padded pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from contract.audio.codec import Audio
from contract.errors import ModelFailed
from contract.tasks import AudioOutput, SynthesizeInput, SynthesizeOutput
from predictors.models.vits.network import VitsSynthesizer
from predictors.nn.loading import refuse_damaged
from predictors.nn.noise import generator
from predictors.nn.tempo import Recording
from predictors.nn.transfer import to_device, to_host

MAX_RUN_IDS = 5000
"""Padded phones and blanks in one pass: two to three minutes of speech."""
_GAP_S = 0.05  # after every piece, the last one too, at speed 1


@dataclass(frozen=True, slots=True)
class SynthesisOptions:
    """How a request wants its text to be said."""

    speed: float
    noise_scale: float
    noise_scale_w: float
    sdp_ratio: float

    def asked_by(self, request: SynthesizeInput) -> SynthesisOptions:
        """These, with the parameters that the request sets."""
        names = ("speed", "noise_scale", "noise_scale_w", "sdp_ratio")
        asked = {name: getattr(request, name) for name in names}
        return replace(self, **{name: value for name, value in asked.items() if value is not None})


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """About one sentence. `ids`, `tones` and `languages` have one entry per phone.

    BERT features are [1024, phones] and [768, phones]; None stands for zeros.
    """

    ids: Sequence[int]
    speaker_id: int
    options: SynthesisOptions
    seed: int
    number: int
    """Its place in the request; the noise is that of the seed and of this number."""
    tones: Sequence[int] = ()
    languages: Sequence[int] = ()
    bert: Tensor | None = None
    ja_bert: Tensor | None = None


class PieceSynthesizer:
    """A network with a table of speakers, and where it runs."""

    def __init__(self, network: VitsSynthesizer, device: torch.device) -> None:
        self.network, self._device = network, device

    def recordings(self, pieces: Sequence[Piece]) -> list[Recording]:
        """One pass over all pieces."""
        with torch.inference_mode():
            result = self.network.synthesize(
                self._padded([piece.ids for piece in pieces]),
                torch.tensor([len(piece.ids) for piece in pieces]),
                self._column([piece.speaker_id for piece in pieces]),
                **self._beside_phones(pieces),  # type: ignore[arg-type]  # by name
                **self._scales([piece.options for piece in pieces]),
                generators=[generator(piece.seed, piece.number) for piece in pieces],
            )
            (audio,) = to_host(result.audio)
        lengths = result.audio_lengths.tolist()
        natural = (result.natural_frames * self.network.config.samples_per_frame).tolist()
        return [
            Recording(wave[:length], length * piece.options.speed / unhurried)
            for piece, wave, length, unhurried in zip(pieces, audio, lengths, natural, strict=True)
        ]

    def joined(self, recordings: Sequence[Recording], options: SynthesisOptions) -> AudioOutput:
        """The answer to a request from its pieces.

        Raises CorruptWeights when the network no longer gives finite sound, else ModelFailed.
        """
        rate = self.network.config.sampling_rate
        gap = np.zeros(int(rate * _GAP_S / options.speed), np.float32)
        waves = [recording.at_tempo(rate) for recording in recordings]
        samples = np.concatenate([part for wave in waves for part in (wave, gap)])
        if np.isfinite(samples).all():
            return SynthesizeOutput(Audio(samples, rate))
        refuse_damaged(self.network)
        raise ModelFailed("the network gave no finite sound for this text; set dtype to float32")

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

    def _scales(self, options: Sequence[SynthesisOptions]) -> dict[str, Tensor]:
        """One number per piece, so that requests with different wishes share a pass."""
        return {
            "noise_scale": self._column([one.noise_scale for one in options]),
            "noise_scale_w": self._column([one.noise_scale_w for one in options]),
            "sdp_ratio": self._column([one.sdp_ratio for one in options]),
            "length_scale": self._column([1 / one.speed for one in options]),
        }

    def _padded(self, rows: Sequence[Sequence[int]]) -> Tensor:
        padded = pad_sequence([torch.tensor(row) for row in rows], batch_first=True)
        return to_device(padded, self._device)

    def _column(self, values: Sequence[float]) -> Tensor:
        return to_device(values, self._device)

    def _features(self, features: Sequence[Tensor | None]) -> Tensor | None:
        """Padded [B, dim, T]; all pieces of one model have features, or none has."""
        given = [one.T for one in features if one is not None]
        if len(given) < len(features):
            return None
        padded = pad_sequence(given, batch_first=True)
        return to_device(padded, self._device).transpose(1, 2)
