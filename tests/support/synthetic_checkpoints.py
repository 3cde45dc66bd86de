"""Checkpoints of the public layouts with weights that a rule derives from the key names.

`size=SMALL` shrinks the hyper-parameters until a network has a few thousand weights and answers in
milliseconds; `size=FULL` keeps the public ones, whose results are recorded in tests/data/parity.
"""

import json
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
import synth_fill
import torch
from golden_weights import PARITY, golden_state
from torch import Tensor, nn

from predictors.models.vits.config import VitsConfig
from predictors.models.vits.converter_network import VitsToneConverter
from predictors.models.vits.network import VitsSynthesizer

_V1_STYLES = ("en_default_se", "en_style_se")
_V2_VOICES = (
    *("en-newest", "en-us", "en-br", "en-india", "en-au", "en-default"),
    *("es", "fr", "jp", "kr", "zh"),
)
_MELO_VOICES = {
    "EN": ("EN-US", "EN-BR", "EN_INDIA", "EN-AU", "EN-Default"),
    **{language: (language,) for language in ("ES", "FR", "JP", "KR", "ZH")},
}


class Size(Enum):
    SMALL = auto()
    FULL = auto()


SMALL, FULL = Size.SMALL, Size.FULL
_SMALL_SIZES = {
    "inter_channels": 8,
    "hidden_channels": 16,
    "filter_channels": 24,
    "n_layers": 3,
    "upsample_initial_channel": 32,
    "gin_channels": 8,
}


def write_openvoice_v1(root: Path, *, size: Size = SMALL) -> Path:
    """The parts of myshell-ai/OpenVoice that are used; returns `root`."""
    write_vits(root / "checkpoints/converter", "openvoice_v1_converter", size=size)
    dims = 8 if size is SMALL else 256
    for language, voices in (("EN", None), ("ZH", {"default": 0})):
        folder = root / "checkpoints/base_speakers" / language
        write_vits(folder, "openvoice_v1_base_EN", size=size, speakers=voices)
        for stem in _V1_STYLES if language == "EN" else ("zh_default_se",):
            write_voice(folder / f"{stem}.pth", dims)
    return root


def write_openvoice_v2(root: Path, *, size: Size = SMALL) -> Path:
    """The parts of myshell-ai/OpenVoiceV2 that are used; returns `root`."""
    write_vits(root / "converter", "openvoice_v2_converter", size=size)
    for voice in _V2_VOICES:
        write_voice(root / f"base_speakers/ses/{voice}.pth", 8 if size is SMALL else 256)
    return root


def write_melo(root: Path, language: str = "EN", *, size: Size = SMALL) -> Path:
    """myshell-ai/MeloTTS-<Language>; returns `root`."""
    voices = {voice: number for number, voice in enumerate(_MELO_VOICES[language])}
    write_vits(root, "melotts", size=size, speakers=voices)
    return root


def write_voice(path: Path, dims: int) -> None:
    """A speaker embedding as torch.save keeps it: [1, dims, 1], other numbers for other names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    vector = synth_fill.signal(path.stem, (1, dims, 1), 0.3)
    torch.save(torch.from_numpy(vector), path)


def write_vits(
    folder: Path, config_name: str, *, size: Size = SMALL, speakers: dict[str, int] | None = None
) -> None:
    """config.json and checkpoint.pth of one network of the VITS kind."""
    config = vits_config(config_name, size=size, speakers=speakers)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    state = golden_state(_RECORDED[config_name]) if size is FULL else _small_state(config_name)
    extras = {"iteration": 7, "optimizer": None, "learning_rate": 3e-4}
    torch.save({"model": state, **extras}, folder / "checkpoint.pth")


def vits_config(
    name: str, *, size: Size = SMALL, speakers: dict[str, int] | None = None
) -> dict[str, Any]:
    """A public config.json, with other speakers if they are given."""
    config: dict[str, Any] = json.loads((PARITY / "configs" / f"{name}.json").read_text())
    if size is SMALL:
        config["model"] |= _SMALL_SIZES
        config["data"]["n_speakers"] = min(config["data"]["n_speakers"], 10)
    if speakers is not None and name == "melotts":
        config["data"]["spk2id"] = speakers
    elif speakers is not None:
        config["speakers"] = speakers
    return config


_RECORDED = {
    "openvoice_v1_base_EN": "OpenVoiceV1Synthesizer",
    "openvoice_v1_converter": "OpenVoiceToneConverter_V1_V2",
    "openvoice_v2_converter": "OpenVoiceToneConverter_V1_V2",
    "melotts": "MeloTTSSynthesizer",
}
"""The list of public keys for each config."""


def _small_state(config_name: str) -> dict[str, Tensor]:
    """Weights of a small network under the public names, weight norm in two tensors."""
    sizes = VitsConfig.from_public(vits_config(config_name))
    network: nn.Module = (VitsSynthesizer if sizes.n_speakers else VitsToneConverter)(sizes)
    return public_state(network, _RECORDED[config_name])


def public_state(network: nn.Module, recorded: str) -> dict[str, Tensor]:
    """Weights of a network under the names in state_dicts/<recorded>.txt, filled by the rule."""
    lines = (PARITY / "state_dicts" / f"{recorded}.txt").read_text().splitlines()
    public = {line.split()[0] for line in lines}
    state: dict[str, Tensor] = {}
    for key, value in network.state_dict().items():
        shapes = {key: tuple(value.shape)}
        if f"{key}_g" in public:
            gain = (value.shape[0], *(1 for _ in value.shape[1:]))
            shapes = {f"{key}_g": gain, f"{key}_v": tuple(value.shape)}
        assert shapes.keys() <= public, f"{key} is no public name"
        dtype = str(value.dtype).removeprefix("torch.")
        state |= {
            name: torch.from_numpy(np.asarray(synth_fill.fill(name, shape, dtype)))
            for name, shape in shapes.items()
        }
    return state
