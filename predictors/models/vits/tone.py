"""Hearing whose voice a clip is in, and giving speech another voice: padded batches of clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from contract.tasks import FloatArray
from predictors.models.vits.converter_network import ToneEmbedder, VitsToneConverter
from predictors.models.vits.spectrogram import LinearSpectrogram
from predictors.nn.noise import generator
from predictors.nn.transfer import to_device, to_host

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
        """Padded [B, bins, T] and lengths [B] in frames, on the CPU."""
        return self._spectrogram(clips)  # type: ignore[no-any-return]  # Module.__call__

    def embeddings(self, clips: Sequence[FloatArray]) -> list[FloatArray]:
        """One pass: the embedding [dims] of each clip."""
        with torch.inference_mode():
            (found,) = to_host(self._heard(clips))
        return list(found)

    def voices(self, recordings: Sequence[Sequence[FloatArray]]) -> list[Tensor]:
        """The mean embedding [dims] of each recording's clips, on the device; all share as few
        passes as hold them."""
        clips = [clip for recording in recordings for clip in recording]
        if not clips:
            return []
        heard = torch.cat([self._heard(run) for run in self._runs(clips)])
        return [own.mean(dim=0) for own in torch.split(heard, [len(one) for one in recordings])]

    def _heard(self, clips: Sequence[FloatArray]) -> Tensor:
        return self.network.embed(*self.spectrograms(clips)).squeeze(2)  # (B, dims)

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
        with torch.inference_mode():
            spec, lengths = self.encoder.spectrograms([one.samples for one in batch])
            result = self.network.convert(
                spec,
                lengths,
                self._sources([one.source for one in batch]),
                self._voices([one.target for one in batch]).unsqueeze(2),
                to_device([one.tau for one in batch], self._device),
                [generator(one.seed) for one in batch],
            )
            (audio,) = to_host(result.audio)
        return [
            wave[:length] for wave, length in zip(audio, result.audio_lengths.tolist(), strict=True)
        ]

    def _sources(self, given: Sequence[FloatArray | Sequence[FloatArray]]) -> Tensor:
        """[B, dims, 1]: named ones as they are, the others as they are heard."""
        named = [one for one in given if isinstance(one, np.ndarray)]
        known = iter(self._voices(named) if named else ())
        heard = iter(self.encoder.voices([one for one in given if not isinstance(one, np.ndarray)]))
        voices = [next(known if isinstance(one, np.ndarray) else heard) for one in given]
        return torch.stack(voices).unsqueeze(2)

    def _voices(self, vectors: Sequence[FloatArray]) -> Tensor:
        """[B, dims]"""
        return to_device(torch.from_numpy(np.stack(vectors)), self._device)
