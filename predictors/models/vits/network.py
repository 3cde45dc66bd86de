"""VITS for inference: text to speech.

Source: Kim et al., VITS (2021). MeloTTS is the same network with
transformers inside the flows, as in VITS 2. Parameters carry the names of the public checkpoints
with weight norm folded. Everything works on padded batches, and an item's result is the one it
would get alone: shapes are [B, channels, T], masks [B, 1, T], speaker embeddings g [B, G, 1],
lengths [B] int64 on the CPU, so that nobody waits for the device to know them.
Call under torch.inference_mode(); some layers work in place.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from predictors.models.vits.config import VitsConfig
from predictors.models.vits.duration_predictor import DurationPredictor, StochasticDurationPredictor
from predictors.models.vits.flow import Flow
from predictors.models.vits.hifigan import HifiGan, HifiGanConfig
from predictors.models.vits.relative_transformer import RelativeEncoder
from predictors.nn.cuda_graphs import Captured
from predictors.nn.padded import length_mask
from predictors.nn.transfer import to_device, to_host

BERT_CHANNELS = 1024
JA_BERT_CHANNELS = 768

Scale = float | Tensor
"""One number for the whole batch, or one for each item [B]."""
Generators = Sequence[Generator | None] | None
"""Sources of noise, one for each item; None draws from torch's global one."""


class Synthesis(NamedTuple):
    """Audio [B, samples], zero beyond its lengths [B], the frames each phone took [B, T], and the
    frames that each text would take at length scale 1 [B]. All but the audio are on the CPU."""

    audio: Tensor
    audio_lengths: Tensor
    durations: Tensor
    natural_frames: Tensor


class TextEncoder(nn.Module):
    """Phones, and for MeloTTS their tones, languages and BERT features, to hidden states."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        hidden = config.hidden_channels
        self.scale = math.sqrt(hidden)
        self.emb = nn.Embedding(config.n_symbols, hidden)
        self.has_tones = config.n_tones > 0
        if self.has_tones:
            self.tone_emb = nn.Embedding(config.n_tones, hidden)
            self.language_emb = nn.Embedding(config.n_languages, hidden)
            self.bert_proj = nn.Conv1d(BERT_CHANNELS, hidden, 1)
            self.ja_bert_proj = nn.Conv1d(JA_BERT_CHANNELS, hidden, 1)
        self.encoder = RelativeEncoder(
            hidden,
            config.filter_channels,
            config.n_heads,
            config.n_layers,
            config.kernel_size,
            config.gin_channels if config.speaker_conditioned_text else 0,
        )
        self.proj = nn.Conv1d(hidden, 2 * config.inter_channels, 1)

    def forward(self, x: Tensor, mask: Tensor, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Embedded phones [B, hidden, T] -> hidden states, and the prior's mean and log scale."""
        x = self.encoder(x * self.scale, mask, g)
        mean, log_scale = (self.proj(x) * mask).chunk(2, dim=1)
        return x, mean, log_scale

    def embed(
        self,
        ids: Tensor,
        tones: Tensor | None,
        languages: Tensor | None,
        bert: Tensor | None,
        ja_bert: Tensor | None,
    ) -> Tensor:
        """Sum of all that is known of each phone [B, hidden, T]; absent BERT features are zero."""
        x: Tensor = self.emb(ids)
        if not self.has_tones:
            return x.transpose(1, 2)
        if tones is None or languages is None:
            raise ValueError("This network reads tones and languages beside the phones: pass both.")
        x = (x + self.tone_emb(tones) + self.language_emb(languages)).transpose(1, 2)
        return x + _project(self.bert_proj, bert) + _project(self.ja_bert_proj, ja_bert)


def _project(proj: nn.Conv1d, features: Tensor | None) -> Tensor:
    """The projection; of features that are all zero, only its bias is left."""
    if features is None:
        assert proj.bias is not None
        return proj.bias[:, None]
    projected: Tensor = proj(features)
    return projected


class VitsSynthesizer(nn.Module):
    """Phones to speech with a speaker of the checkpoint's own table."""

    def __init__(self, config: VitsConfig) -> None:
        super().__init__()
        self.config = config
        self.enc_p = TextEncoder(config)
        self.dec = HifiGan(decoder_config(config))
        self.flow = Flow(config)
        self.sdp = StochasticDurationPredictor(config.hidden_channels, config.gin_channels)
        self.dp = DurationPredictor(config.hidden_channels, config.gin_channels)
        self.emb_g = nn.Embedding(config.n_speakers, config.gin_channels)
        self._predict = Captured(
            self._spans_and_prior, timed=(True, True, False, True, False), rates=(1, 1, 1)
        )
        self._decode = Captured(
            self._sound, timed=(True, True, True, True, False), rates=(config.samples_per_frame,)
        )

    def synthesize(
        self,
        ids: Tensor,
        lengths: Tensor,
        speaker_ids: Tensor,
        *,
        tones: Tensor | None = None,
        languages: Tensor | None = None,
        bert: Tensor | None = None,
        ja_bert: Tensor | None = None,
        noise_scale: Scale,
        noise_scale_w: Scale,
        sdp_ratio: Scale,
        length_scale: Scale = 1.0,
        generators: Generators = None,
    ) -> Synthesis:
        """Speak a padded batch in one pass: ids, tones and languages [B, T] int64, lengths and
        speaker_ids [B], bert [B, 1024, T] and ja_bert [B, 768, T] (None: zeros). An item with a
        generator of its own has the same noise in every batch."""
        g = self.emb_g(speaker_ids).unsqueeze(-1)
        mask = length_mask(lengths, ids.shape[1], g)
        embedded = self.enc_p.embed(ids, tones, languages, bert, ja_bert)
        noise = draw_noise(2, lengths, embedded, generators) * per_item(noise_scale_w)
        ratio = per_item(sdp_ratio) * torch.ones_like(g[:, :1])
        spans, mean, log_scale = self._predict(embedded, mask, g, noise, ratio)
        durations = (spans * per_item(length_scale)).ceil().squeeze(1)
        natural = spans.ceil().sum((1, 2)).clamp_min(1)
        durations, natural = map(torch.from_numpy, to_host(durations, natural))
        audio = self.speak(mean, log_scale, durations, g, per_item(noise_scale), generators)
        frames = _frames(durations)
        samples = frames * self.config.samples_per_frame
        return Synthesis(audio, samples, durations.long(), natural)

    def speak(
        self,
        mean: Tensor,
        log_scale: Tensor,
        durations: Tensor,
        g: Tensor,
        noise_scale: Scale,
        generators: Generators,
    ) -> Tensor:
        """Audio [B, samples] of phones that last `durations` [B, T] whole frames, on the CPU."""
        frames = _frames(durations)
        phone_of_frame = to_device(_phone_of_frame(durations, int(frames.max())), g.device)
        mean, log_scale = _spread(mean, phone_of_frame), _spread(log_scale, phone_of_frame)
        noise = draw_noise(mean.shape[1], frames, mean, generators) * noise_scale
        mask = length_mask(frames, mean.shape[2], g)
        if self._decode.is_enabled:
            return self._decode(mean, log_scale, noise, mask, g)[0]
        audio: Tensor = self.dec(self._latents(mean, log_scale, noise, mask, g), frames, g)
        return audio

    def _latents(
        self, mean: Tensor, log_scale: Tensor, noise: Tensor, mask: Tensor, g: Tensor
    ) -> Tensor:
        z = (mean + noise * log_scale.exp()) * mask
        latents: Tensor = self.flow(z, mask, g, inverse=True)
        return latents * mask

    def _sound(
        self, mean: Tensor, log_scale: Tensor, noise: Tensor, mask: Tensor, g: Tensor
    ) -> tuple[Tensor, ...]:
        return (self.dec(self._latents(mean, log_scale, noise, mask, g), None, g, mask),)

    def _spans_and_prior(
        self, embedded: Tensor, mask: Tensor, g: Tensor, noise: Tensor, ratio: Tensor
    ) -> tuple[Tensor, ...]:
        """Frames of each id at the voice's own tempo, [B, 1, T], from both duration models; and the
        prior's mean and log scale."""
        hidden, mean, log_scale = self.enc_p(embedded, mask, g)
        stochastic, plain = self.sdp(hidden, mask, g, noise), self.dp(hidden, mask, g)
        log_frames = stochastic * ratio + plain * (1 - ratio)
        return log_frames.exp() * mask, mean, log_scale


def decoder_config(config: VitsConfig) -> HifiGanConfig:
    return HifiGanConfig(
        in_channels=config.inter_channels,
        initial_channels=config.upsample_initial_channel,
        upsample_rates=config.upsample_rates,
        upsample_kernels=config.upsample_kernel_sizes,
        resblock_kernels=config.resblock_kernel_sizes,
        resblock_dilations=config.resblock_dilation_sizes,
        speaker_channels=config.gin_channels,
    )


def per_item(scale: Scale) -> Scale:
    return scale.view(-1, 1, 1) if isinstance(scale, Tensor) else scale


def draw_noise(channels: int, lengths: Tensor, like: Tensor, generators: Generators) -> Tensor:
    """Standard normal noise [B, channels, T], each item's from its own generator."""
    size = (like.shape[0], channels, like.shape[2])
    if generators is None:
        return torch.randn(size, dtype=like.dtype, device=like.device)
    noise = torch.zeros(size)
    for item, length, generator in zip(noise, lengths.tolist(), generators, strict=True):
        item[:, :length] = torch.randn(channels, length, generator=generator)
    return to_device(noise, like.device)


def _frames(durations: Tensor) -> Tensor:
    """Of each item [B], at least one, from those of its phones [B, T]."""
    return durations.sum(1).clamp_min(1).long()


def _phone_of_frame(durations: Tensor, frames: int) -> Tensor:
    """Index of the phone each frame belongs to: durations [B, T] -> [B, frames]."""
    ends = durations.cumsum(1)
    positions = torch.arange(frames, dtype=ends.dtype, device=ends.device)
    phones = torch.searchsorted(ends, positions.expand(len(ends), -1).contiguous(), right=True)
    return phones.clamp_max(durations.shape[1] - 1)  # padding belongs to no phone


def _spread(x: Tensor, phone_of_frame: Tensor) -> Tensor:
    """Repeat the columns of x [B, C, T] -> [B, C, frames]."""
    index = phone_of_frame.unsqueeze(1).expand(-1, x.shape[1], -1)
    return x.gather(2, index)
