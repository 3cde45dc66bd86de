"""Where the three networks of the public layout are."""

from __future__ import annotations

from pathlib import Path

from contract.config import ModelConfig
from predictors.runtime.weights.source import WeightsMissing, resolve

LICENSE = "unverified"


def find_part(config: ModelConfig, part: str) -> Path:
    """The directory of one network in the public layout, or the file that `model` names."""
    files = _files(part)
    root = resolve(config.model, revision=config.revision, allow=files, required=files)
    return root if root.is_file() else root / part


def find_folder(config: ModelConfig, part: str) -> Path:
    """As `find_part`, for a network whose sizes only its config.json tells."""
    found = find_part(config, part)
    if found.is_file():
        raise WeightsMissing(
            f"`model` of a {config.model_type} is a hub id or a directory that holds "
            f"{' and '.join(_files(part))}, not a file"
        )
    return found


def _files(part: str) -> tuple[str, str]:
    return f"{part}/config.json", f"{part}/{part}.pt"
