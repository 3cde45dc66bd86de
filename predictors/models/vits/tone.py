"""Hearing whose voice a clip is in, and giving speech another voice: padded batches of clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from contract.tasks import FloatArray
from predictors.models.vits.network import ToneEmbedder, VitsToneConverter
from predictors.models.vits.spectrogram import LinearSpectrogram
from predictors.nn.noise import generator

MAX_RUN_FRAMES = 16_384
"""Padded frames in one pass: about three minutes of audio, 300 MB of activations."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """One recording to convert: samples [n] at the network's rate, voices [dims]."""

    samples: FloatArray
    source: FloatArray | Sequence[FloatArray]
    """The voice that speaks, or clips [n] of it to hear it in."""
    target: FloatArray
    tau: float
    seed: int


class SpeakerEncoder:
    """Clips to speaker embeddings, always in float32."""

    def __init__(self, network: ToneEmbedder, device: torch.device) -> None:
        self.network, self._device = network, device
        sizes = network.config
        self.sample_rate, self.dims = sizes.sampling_rate, sizes.gin_channels
        self._spectrogram = LinearSpectrogram(sizes.filter_length, sizes.hop_length).to(device)

    @property
    def min_samples(self) -> int:
        """The shortest clip that has a spectrogram."""
        return self._spectrogram.min_samples

    def frames(self, clip: FloatArray) -> int:
        return len(clip) // self._spectrogram.hop

    def spectrograms(self, clips: Sequence[FloatArray]) -> tuple[Tensor, Tensor]:
        """Padded [B, bins, T] and lengths [B] in frames."""
        return self._spectrogram([torch.as_tensor(clip, device=self._device) for clip in clips])  # type: ignore[no-any-return]  # Module.__call__

    def embeddings(self, clips: Sequence[FloatArray]) -> list[FloatArray]:
        """One pass: the embedding [dims] of each clip."""
        with torch.inference_mode():
            found = self.network.embed(*self.spectrograms(clips))  # (B, dims, 1)
        return list(found.squeeze(2).cpu().numpy())

    def voices(self, recordings: Sequence[Sequence[FloatArray]]) -> list[FloatArray]:
        """The mean embedding [dims] of each recording's clips; all share as few passes as hold
        them."""
        clips = [clip for recording in recordings for clip in recording]
        heard = iter([one for run in self._runs(clips) for one in self.embeddings(run)])
        return [mean_voice([next(heard) for _ in recording]) for recording in recordings]

    def _runs(self, clips: Sequence[FloatArray]) -> Iterator[Sequence[FloatArray]]:
        """Clips, as many at a time as a pass may hold."""
        size = max(1, MAX_RUN_FRAMES // max([1, *map(self.frames, clips)]))
        for first in range(0, len(clips), size):
            yield clips[first : first + size]


def mean_voice(embeddings: Sequence[FloatArray]) -> FloatArray:
    """Of a recording, from those of its clips."""
    mean: FloatArray = np.mean(embeddings, axis=0, dtype=np.float32)
    return mean


class ToneConverter:
    """Recordings to the same words in other voices."""

    def __init__(
        self, network: VitsToneConverter, encoder: SpeakerEncoder, device: torch.device
    ) -> None:
        self.network, self.encoder, self._device = network, encoder, device

    def convert(self, batch: Sequence[Conversion]) -> list[FloatArray]:
        """One pass: a waveform [n] each, as long as the recording up to the last whole frame."""
        sources = self._sources([one.source for one in batch])
        with torch.inference_mode():
            spec, lengths = self.encoder.spectrograms([one.samples for one in batch])
            result = self.network.convert(
                spec,
                lengths,
                self._voices(sources),
                self._voices([one.target for one in batch]),
                torch.tensor([one.tau for one in batch], device=self._device),
                [generator(one.seed) for one in batch],
            )
        audio = result.audio.float().cpu().numpy()
        return [
            wave[:length] for wave, length in zip(audio, result.audio_lengths.tolist(), strict=True)
        ]

    def _sources(self, given: Sequence[FloatArray | Sequence[FloatArray]]) -> list[FloatArray]:
        heard = iter(self.encoder.voices([one for one in given if not isinstance(one, np.ndarray)]))
        return [one if isinstance(one, np.ndarray) else next(heard) for one in given]

    def _voices(self, vectors: Sequence[FloatArray]) -> Tensor:
        """[B, dims, 1]"""
        return torch.as_tensor(np.stack(vectors), device=self._device).unsqueeze(2)
