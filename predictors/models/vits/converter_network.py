"""OpenVoice's tone converter for inference: speech to the same speech in another voice.

Source: Qin et al., OpenVoice (2023), after Kim et al., VITS (2021). Shapes, masks and lengths are
those of network.py, and what holds there for padded batches holds here.
"""

from typing import NamedTuple

from torch import Tensor, nn

from predictors.models.vits.config import VitsConfig
from predictors.models.vits.flow import Flow
from predictors.models.vits.hifigan import HifiGan
from predictors.models.vits.network import (
    Generators,
    Scale,
    decoder_config,
    draw_noise,
    per_item,
)
from predictors.models.vits.reference_encoder import ReferenceEncoder
from predictors.models.vits.wavenet import WaveNet
from predictors.nn.cuda_graphs import Captured
from predictors.nn.padded import length_mask

_POSTERIOR_WAVENET_LAYERS = 16


class Conversion(NamedTuple):
    """Audio [B, samples], zero beyond its lengths [B]."""

    audio: Tensor
    audio_lengths: Tensor


class PosteriorEncoder(nn.Module):
    """A spectrogram to the mean and log scale of its latents."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        hidden = config.hidden_channels
        self.pre = nn.Conv1d(config.spec_channels, hidden, 1)
        self.enc = WaveNet(hidden, _POSTERIOR_WAVENET_LAYERS, config.gin_channels)
        self.proj = nn.Conv1d(hidden, 2 * config.inter_channels, 1)

    def forward(self, spec: Tensor, mask: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
        x = self.enc(self.pre(spec) * mask, mask, g)
        mean, log_scale = (self.proj(x) * mask).chunk(2, dim=1)
        return mean, log_scale


class ToneEmbedder(nn.Module):
    """The part of a tone converter that hears who speaks; it loads alone."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.config = config
        self.ref_enc = ReferenceEncoder(config.spec_channels, config.gin_channels)

    def embed(self, spec: Tensor, lengths: Tensor) -> Tensor:
        """Linear spectrograms [B, bins, T] of `lengths` [B] frames, on the CPU -> embeddings
        [B, G, 1]."""
        embedding: Tensor = self.ref_enc(spec, lengths)
        return embedding


class VitsToneConverter(ToneEmbedder):
    """Speech to the same speech in another speaker's tone, frame by frame."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__(config)
        self.enc_q = PosteriorEncoder(config)
        self.flow = Flow(config)
        self.dec = HifiGan(decoder_config(config))
        self._transform = Captured(
            self._sound, timed=(True, True, True, False, False), rates=(config.samples_per_frame,)
        )

    def convert(
        self,
        spec: Tensor,
        lengths: Tensor,
        source_g: Tensor,
        target_g: Tensor,
        tau: Scale,
        generators: Generators = None,
    ) -> Conversion:
        """Convert a padded batch of linear spectrograms [B, bins, T] in one pass.

        `lengths` are on the CPU, `tau` scales the noise around the latents' mean, embeddings are
        [B, G, 1].
        """
        mask = length_mask(lengths, spec.shape[2], spec)
        noise = draw_noise(self.config.inter_channels, lengths, spec, generators) * per_item(tau)
        if self._transform.is_enabled:
            (audio,) = self._transform(spec, mask, noise, source_g, target_g)
        else:
            z = self._latents(spec, mask, noise, source_g, target_g)
            audio = self.dec(z, lengths, self._at_ends(target_g))
        return Conversion(audio, lengths * self.config.samples_per_frame)

    def _at_ends(self, g: Tensor) -> Tensor:
        """A network trained without the speaker at its ends was fed zeros there."""
        return g * (0 if self.config.zero_g else 1)

    def _latents(
        self, spec: Tensor, mask: Tensor, noise: Tensor, source_g: Tensor, target_g: Tensor
    ) -> Tensor:
        mean, log_scale = self.enc_q(spec, mask, self._at_ends(source_g))
        z = (mean + noise * log_scale.exp()) * mask
        z = self.flow(z, mask, source_g, inverse=False)
        latents: Tensor = self.flow(z, mask, target_g, inverse=True)
        return latents * mask

    def _sound(
        self, spec: Tensor, mask: Tensor, noise: Tensor, source_g: Tensor, target_g: Tensor
    ) -> tuple[Tensor, ...]:
        z = self._latents(spec, mask, noise, source_g, target_g)
        return (self.dec(z, None, self._at_ends(target_g), mask),)
