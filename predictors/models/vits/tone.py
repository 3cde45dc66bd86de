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
from predictors.nn.batch_by_length import generator, packed

MAX_RUN_FRAMES = 16_384
"""Padded frames in one pass: about three minutes of audio, 300 MB of activations."""


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """One recording to convert: samples [n] at the network's rate, voices [dims]."""

    samples: FloatArray
    source: FloatArray
    target: FloatArray
    tau: float
    seed: int


class VoiceEar:
    """Clips to speaker embeddings, always in float32."""

    def __init__(self, network: ToneEmbedder, device: torch.device) -> None:
        self._network, self._device = network, device
        sizes = network.config
        self.sample_rate, self.dims = sizes.sampling_rate, sizes.gin_channels
        self._spectrogram = LinearSpectrogram(sizes.filter_length, sizes.hop_length).to(device)

    @property
    def min_samples(self) -> int:
        """The shortest clip that has a spectrogram."""
        return self._spectrogram.min_samples

    def spectrograms(self, clips: Sequence[FloatArray]) -> tuple[Tensor, Tensor]:
        """Padded [B, bins, T] and lengths [B] in frames."""
        return self._spectrogram([torch.as_tensor(clip, device=self._device) for clip in clips])  # type: ignore[no-any-return]  # Module.__call__

    def voices(self, recordings: Sequence[Sequence[FloatArray]]) -> list[FloatArray]:
        """For each recording, cut into clips [n], the mean embedding [dims] of its clips."""
        clips = [clip for recording in recordings for clip in recording]
        heard: dict[int, FloatArray] = {}
        for run in packed([self.frames(clip) for clip in clips], MAX_RUN_FRAMES):
            heard.update(zip(run, self._embed([clips[index] for index in run]), strict=True))
        embeddings = iter(heard[index] for index in range(len(clips)))
        return [
            np.mean([next(embeddings) for _ in recording], axis=0, dtype=np.float32)
            for recording in recordings
        ]

    def frames(self, clip: FloatArray) -> int:
        return len(clip) // self._spectrogram.hop

    def _embed(self, clips: Sequence[FloatArray]) -> FloatArray:
        with torch.inference_mode():
            embeddings = self._network.embed(*self.spectrograms(clips))  # (B, dims, 1)
        found: FloatArray = embeddings.squeeze(2).cpu().numpy()
        return found


class VoiceChanger:
    """Recordings to the same words in other voices."""

    def __init__(self, network: VitsToneConverter, ear: VoiceEar, device: torch.device) -> None:
        self.network, self._ear, self._device = network, ear, device

    def convert(self, batch: Sequence[Conversion]) -> list[FloatArray]:
        """One waveform [n] each, as long as the recording up to the last whole frame."""
        made: dict[int, FloatArray] = {}
        for run in packed([self._ear.frames(one.samples) for one in batch], MAX_RUN_FRAMES):
            made.update(zip(run, self._run([batch[index] for index in run]), strict=True))
        return [made[index] for index in range(len(batch))]

    def _run(self, batch: Sequence[Conversion]) -> Iterator[FloatArray]:
        with torch.inference_mode():
            spec, lengths = self._ear.spectrograms([one.samples for one in batch])
            result = self.network.convert(
                spec,
                lengths,
                self._voices([one.source for one in batch]),
                self._voices([one.target for one in batch]),
                torch.tensor([one.tau for one in batch], device=self._device),
                [generator(one.seed) for one in batch],
            )
        audio = result.audio.float().cpu().numpy()
        for wave, length in zip(audio, result.audio_lengths.tolist(), strict=True):
            yield wave[:length]

    def _voices(self, vectors: Sequence[FloatArray]) -> Tensor:
        """[B, dims, 1]"""
        return torch.as_tensor(np.stack(vectors), device=self._device).unsqueeze(2)
