"""jlmarrugom/voice_fixer as a directory, with weights that follow from the key names."""

from pathlib import Path

import torch
from golden_weights import golden_state
from synthetic_checkpoints import FULL, SMALL, Size, public_state
from torch import Tensor

from predictors.models.voicefixer.tfgan import TFGAN, TFGANConfig
from predictors.models.voicefixer.unet import VoiceFixerRestorer, VoiceFixerUNetConfig

RESTORER_FILE = "vf.ckpt"
VOCODER_FILE = "model.ckpt-1490000_trimed.pt"
SMALL_UNET = VoiceFixerUNetConfig(channels=(4, 4, 4, 4, 4, 4), denoiser_dims=(8, 16))
SMALL_TFGAN = TFGANConfig(condition_channels=8, channels=16, stack_depth=2)


def write_voicefixer(root: Path, *, size: Size = SMALL, gain: float = 1.0) -> Path:
    """Both files; `gain` scales the vocoder's weight norms."""
    write_restorer(root, size=size)
    write_vocoder(root, size=size, gain=gain)
    return root


def write_restorer(root: Path, *, size: Size = SMALL) -> None:
    """vf.ckpt, with some of the parts that the public file has and nobody needs."""
    root.mkdir(parents=True, exist_ok=True)
    name = "VoiceFixerRestorer"
    if size is FULL:
        state = golden_state(name, prefix="generator.")
    else:
        state = public_state(VoiceFixerRestorer(SMALL_UNET), name)
    extras = {"vocoder.model.x": torch.ones(3), "f_helper.istft.ola_window": torch.ones(2048)}
    torch.save(extras | state, root / RESTORER_FILE)


def write_vocoder(root: Path, *, size: Size = SMALL, gain: float = 1.0) -> None:
    root.mkdir(parents=True, exist_ok=True)
    name = "VoiceFixerVocoder"
    state: dict[str, Tensor]
    state = golden_state(name) if size is FULL else public_state(TFGAN(SMALL_TFGAN), name)
    for key, value in state.items():
        if key.endswith("weight_g"):
            value.mul_(gain)
    torch.save({"generator": state}, root / VOCODER_FILE)
