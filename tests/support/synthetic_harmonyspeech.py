"""harmony-ai/harmony-speech-v1 as a directory, with weights that follow from the key names."""

import json
from pathlib import Path
from typing import Any

import torch
from golden_weights import PARITY, golden_state
from synthetic_checkpoints import FULL, SMALL, Size, public_state
from torch import Tensor, nn

from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron, ForwardTacotronConfig
from predictors.models.harmonyspeech.ge2e import GE2EConfig
from predictors.models.harmonyspeech.ge2e_torch import TorchGE2E
from predictors.models.harmonyspeech.multiband_melgan import MultiBandMelGAN, MultiBandMelGANConfig

PARTS = ("encoder", "synthesizer", "vocoder")
_RECORDED = {
    "encoder": "HarmonySpeechEncoder",
    "synthesizer": "HarmonySpeechSynthesizer",
    "vocoder": "HarmonySpeechVocoder",
}
SMALL_DIMS = 256
"""Of the small encoder's embeddings; the public release has 768."""
_SMALL_SIZES: dict[str, dict[str, int]] = {
    "encoder": {
        "model_hidden_size": 24,
        "model_num_layers": 2,
        "model_embedding_size": SMALL_DIMS,
    },
    "synthesizer": {
        "embed_dims": 16,
        "series_embed_dims": 8,
        "speaker_embed_dims": SMALL_DIMS,
        **{f"{name}_conv_dims": 8 for name in ("durpred", "pitch", "energy")},
        **{f"{name}_rnn_dims": 4 for name in ("durpred", "pitch", "energy")},
        "rnn_dims": 16,
        "prenet_dims": 16,
        "prenet_k": 4,
        "postnet_dims": 16,
        "postnet_k": 3,
    },
    "vocoder": {"channels": 32},
}
FRAMES_A_SYMBOL = 3.0
"""What the bias of the durations is set to: by the rule alone, a text has none."""


def write_harmonyspeech(
    root: Path, *, size: Size = SMALL, parts: tuple[str, ...] = PARTS, **sizes: Any
) -> Path:
    """config.json and weights of each part; `sizes` overwrite those of a single part."""
    for part in parts:
        config = json.loads((PARITY / "configs" / f"harmonyspeech_{part}.json").read_text())
        config["model"] |= (_SMALL_SIZES[part] if size is SMALL else {}) | sizes
        (root / part).mkdir(parents=True)
        (root / part / "config.json").write_text(json.dumps(config), encoding="utf-8")
        torch.save(_container(part, _state(part, config, size)), root / part / f"{part}.pt")
    return root


def _state(part: str, config: dict[str, Any], size: Size) -> dict[str, Tensor]:
    full = size is FULL
    recorded = _RECORDED[part]
    state = golden_state(recorded) if full else public_state(_network(part, config), recorded)
    if part == "synthesizer":
        state["dur_pred.lin.bias"].fill_(FRAMES_A_SYMBOL)
    return state


def _network(part: str, config: dict[str, Any]) -> nn.Module:
    if part == "encoder":
        return TorchGE2E(GE2EConfig.from_public(config))
    if part == "synthesizer":
        return ForwardTacotron(ForwardTacotronConfig.from_public(config))
    return MultiBandMelGAN(MultiBandMelGANConfig.from_public(config))


def _container(part: str, state: dict[str, Tensor]) -> dict[str, Any]:
    """As the training code saves it, with what inference does not need."""
    if part == "vocoder":
        return {"model": {"generator": state, "discriminator": {}}, "steps": 7}
    return {"model_state": state, "optimizer_state": {"state": {}, "param_groups": []}, "step": 7}
