"""Where the versions of OpenVoice keep their converters, and how these get into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from contract.config import ModelConfig
from contract.embedding import OPENVOICE_V1, OPENVOICE_V2
from predictors.models.vits.base_speakers import V1_FILES, V2_FILES, Names, v1_names, v2_names
from predictors.models.vits.checkpoints import shared_vits
from predictors.models.vits.converter_network import ToneEmbedder
from predictors.models.vits.tone import SpeakerEncoder
from predictors.nn.loading import Loaded
from predictors.runtime.model import Weights
from predictors.runtime.weights.source import resolve


@dataclass(frozen=True, slots=True)
class Release:
    """One version of OpenVoice: its files, and the family of its embeddings."""

    family: str
    folder: str
    """Of the converter's config.json and checkpoint.pth."""
    base_speakers: str
    """Pattern of the files with the base speakers' embeddings."""
    names: Names

    @property
    def weights(self) -> tuple[str, ...]:
        return f"{self.folder}/config.json", f"{self.folder}/checkpoint.pth"


V1 = Release(OPENVOICE_V1, "checkpoints/converter", V1_FILES, v1_names)
V2 = Release(OPENVOICE_V2, "converter", V2_FILES, v2_names)


@dataclass(frozen=True, slots=True)
class ReleaseFiles:
    """A release on disk."""

    root: Path
    folder: Path
    """Of the converter's config.json and checkpoint.pth."""


def find(release: Release, config: ModelConfig) -> ReleaseFiles:
    """Locate a converter, fetching it if need be. Raises WeightsMissing.

    Converter and encoder ask for the same files, so that neither narrows the other's cache.
    """
    root = resolve(
        config.model,
        revision=config.revision,
        allow=(*release.weights, release.base_speakers),
        required=release.weights,
    )
    return ReleaseFiles(root, root / release.folder)


def shared_encoder(
    files: ReleaseFiles, config: ModelConfig, weights: Weights
) -> tuple[SpeakerEncoder, Loaded[ToneEmbedder]]:
    """The small part of a checkpoint that hears voices; converter and encoder share one.

    An encoder that is deployed alone takes a fortieth of the converter's memory this way.
    """
    loaded = shared_vits(
        ToneEmbedder, files.folder, config, weights, part="tone-embedder", dtype=torch.float32
    )
    return SpeakerEncoder(loaded.network, loaded.device), loaded
