"""Predictor entries whose checkpoints are damaged, hostile or somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from contract.config import ModelConfig

PROOF = "executed"
"""Appears beside the checkpoints if anything in one of them is executed."""


def spoiled_entries(root: Path) -> list[ModelConfig]:
    """Write the checkpoints below `root`; one entry each, named for what is wrong with it."""
    return [*_spoiled_files(root), *_other_families(root)]


def _spoiled_files(root: Path) -> Iterable[ModelConfig]:
    """Every kind of damage, each to another family."""
    from hostile_files import spoil
    from synthetic_checkpoints import write_melo, write_openvoice_v1, write_openvoice_v2
    from synthetic_harmonyspeech import write_harmonyspeech
    from synthetic_voicefixer import VOCODER_FILE, write_voicefixer

    cases: list[tuple[str, str, Callable[[Path], object], str]] = [
        ("truncated", "MeloTTSSynthesizer", write_melo, "checkpoint.pth"),
        ("pickled code", "VoiceFixerVocoder", write_voicefixer, VOCODER_FILE),
        ("pickled code", "HarmonySpeechEncoder", write_harmonyspeech, "encoder/encoder.pt"),
        (
            *("pickled code", "OpenVoiceV2ToneConverter"),
            *(write_openvoice_v2, "converter/checkpoint.pth"),
        ),
        (
            *("no torch file", "OpenVoiceV1ToneConverter"),
            *(write_openvoice_v1, "checkpoints/converter/checkpoint.pth"),
        ),
    ]
    for how, model_type, write, file in cases:
        folder = root / f"{how} {model_type}"
        write(folder)
        spoil(folder / file, how, root / PROOF)
        yield _entry(f"{how}-{model_type}", model_type, folder)


def _other_families(root: Path) -> Iterable[ModelConfig]:
    """Whole checkpoints, but of another model type than the entry says."""
    from synthetic_checkpoints import write_vits
    from synthetic_voicefixer import RESTORER_FILE, VOCODER_FILE, write_restorer

    write_vits(root / "voice", "openvoice_v1_base_EN", speakers={"EN": 0})
    yield _entry("another-family-melo", "MeloTTSSynthesizer", root / "voice")
    write_restorer(root / "restorer")
    (root / "restorer" / RESTORER_FILE).rename(root / "restorer" / VOCODER_FILE)
    yield _entry("another-family-voicefixer", "VoiceFixerVocoder", root / "restorer")


def _entry(name: str, model_type: str, folder: Path) -> ModelConfig:
    return ModelConfig(
        name=name.lower().replace(" ", "-"),
        model=str(folder),
        model_type=model_type,
        device_config={"device": "cpu"},
    )
