"""VoiceFixer's two files. They come without a config: the sizes are read off the weights."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from torch import Tensor

from predictors.models.voicefixer.mel import HOP_LENGTH, N_MELS
from predictors.models.voicefixer.tfgan import TFGAN, TFGANConfig
from predictors.models.voicefixer.unet import VoiceFixerRestorer, VoiceFixerUNetConfig
from predictors.nn.checkpoint import read_checkpoint
from predictors.nn.checkpoint_errors import CheckpointError, entry

_USED = "generator."


def read_restorer(path: Path) -> VoiceFixerRestorer:
    """The network in vf.ckpt. Raises CheckpointError that names what is missing or misshapen."""
    checkpoint: Mapping[str, Any] = read_checkpoint(path)
    if "state_dict" in checkpoint:  # as Lightning, which trained it, saves it
        checkpoint = entry(checkpoint, "state_dict")
    # Most of the public file is another vocoder and filters that are computed here.
    state = {key: value for key, value in checkpoint.items() if str(key).startswith(_USED)}
    return VoiceFixerRestorer.from_checkpoint(state, restorer_sizes(state))


def read_vocoder(path: Path) -> TFGAN:
    """The network in model.ckpt-1490000_trimed.pt. Raises CheckpointError, as above."""
    checkpoint = read_checkpoint(path)
    sizes = vocoder_sizes(entry(checkpoint, "generator"))
    if sizes.n_mels != N_MELS or sizes.hop_length != HOP_LENGTH:
        raise CheckpointError(
            f"The weights are for {sizes.n_mels} mel bands and {sizes.hop_length} samples a frame; "
            f"VoiceFixer has {N_MELS} and {HOP_LENGTH}. Check the model type and the file."
        )
    return TFGAN.from_checkpoint(checkpoint, sizes)


def restorer_sizes(state: Mapping[str, Any]) -> VoiceFixerUNetConfig:
    """The sizes of the weights; those of the public release where a weight is missing."""
    public = VoiceFixerUNetConfig()
    narrow, wide = (
        _size(state, f"generator.denoiser.{layer}.weight", 0, default)
        for layer, default in zip((1, 4), public.denoiser_dims, strict=True)
    )
    channels = tuple(
        _size(state, _block(level), 0, 0)
        for level in takewhile(lambda n: _block(n) in state, count(1))
    )
    return VoiceFixerUNetConfig(channels or public.channels, (narrow, wide))


def vocoder_sizes(state: Mapping[str, Any]) -> TFGANConfig:
    """The sizes of the weights; those of the public release where a weight is missing."""
    public = TFGANConfig()
    stages = takewhile(lambda n: _has(state, _up(n)), count())
    scales = tuple(_size(state, _up(n), 2, 0) // 2 for n in stages)  # a kernel is two strides long
    pairs = takewhile(lambda n: _has(state, f"generator.4.layers.{n}.1.weight"), count())
    return TFGANConfig(
        n_mels=_size(state, "condnet.0.weight", 1, public.n_mels),
        condition_channels=_size(state, "condnet.0.weight", 0, public.condition_channels),
        channels=_size(state, "generator.1.weight", 0, public.channels),
        upsample_scales=scales or public.upsample_scales,
        stack_depth=len(list(pairs)) or public.stack_depth,
    )


def _block(level: int) -> str:
    return f"generator.unet.encoder_block{level}.conv_block1.conv1.weight"


def _up(stage: int) -> str:
    return f"generator.{3 + 3 * stage}.layer.weight"


def _has(state: Mapping[str, Any], key: str) -> bool:
    return _weight(state, key) is not None


def _size(state: Mapping[str, Any], key: str, dimension: int, default: int) -> int:
    weight = _weight(state, key)
    return default if weight is None or weight.dim() <= dimension else weight.shape[dimension]


def _weight(state: Mapping[str, Any], key: str) -> Tensor | None:
    """A weight, or the direction of a weight-normed one, which has its shape."""
    names = (key, f"{key}_v", key.replace("weight", "parametrizations.weight.original1"))
    found = next((state[name] for name in names if name in state), None)
    return found if isinstance(found, Tensor) else None
