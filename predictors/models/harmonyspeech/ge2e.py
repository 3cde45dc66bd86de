"""GE2E speaker encoder: mel windows of speech to one unit vector per speaker.

Wan et al., "Generalized End-to-End Loss for Speaker Verification", 2018 (arXiv:1710.10467). The
same layout serves HarmonySpeechEncoder (768 dims) and Resemblyzer's public weights (256 dims).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from predictors.nn.checkpoint import CheckpointError, entry, fold_weight_norm, load_strictly
from predictors.nn.public_config import config_from_public


@dataclass(frozen=True)
class GE2EConfig:
    """Sizes, spelled as in the public config file."""

    mel_n_channels: int = 40
    model_hidden_size: int = 768
    model_num_layers: int = 3
    model_embedding_size: int = 768

    @classmethod
    def from_public(cls, config: Mapping[str, Any]) -> Self:
        """Read the `model` object of a public config.json."""
        return config_from_public(cls, config, section="model")

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> Self:
        """Derive the sizes from weights that come without a config file, as Resemblyzer's do."""
        if "lstm.weight_ih_l0" not in state or "linear.weight" not in state:
            raise CheckpointError(
                "The file holds no GE2E encoder: 'lstm.weight_ih_l0' or 'linear.weight' is missing."
            )
        return cls(
            mel_n_channels=state["lstm.weight_ih_l0"].shape[1],
            model_hidden_size=state["linear.weight"].shape[1],
            model_num_layers=sum(key.startswith("lstm.weight_hh_l") for key in state),
            model_embedding_size=state["linear.weight"].shape[0],
        )


class GE2E(nn.Module):
    """Speaker encoder. Windows of one call share a length; utterances may have any number."""

    def __init__(self, config: GE2EConfig) -> None:
        super().__init__()
        self.config = config
        self.lstm = nn.LSTM(
            config.mel_n_channels,
            config.model_hidden_size,
            config.model_num_layers,
            batch_first=True,
        )
        self.linear = nn.Linear(config.model_hidden_size, config.model_embedding_size)

    @classmethod
    def from_checkpoint(
        cls, checkpoint: Mapping[str, Any], config: Mapping[str, Any] | None = None
    ) -> Self:
        """Build from a public file's content and its config; without one, sizes are derived."""
        state = fold_weight_norm(entry(checkpoint, "model_state"))
        sizes = GE2EConfig.from_public(config) if config else GE2EConfig.from_state(state)
        encoder = cls(sizes)
        load_strictly(encoder, state, family="the GE2E speaker encoder")
        return encoder.eval().requires_grad_(False)

    def forward(self, windows: Tensor) -> Tensor:
        """Mel windows (N, frames, n_mels) to unit vectors (N, embedding)."""
        _, (hidden, _) = self.lstm(windows)  # (layers, N, hidden)
        return F.normalize(F.relu(self.linear(hidden[-1])), dim=1)

    def embed(self, utterances: Sequence[Tensor]) -> Tensor:
        """One unit vector per utterance, (B, embedding), in one forward pass.

        An utterance is its windows (n, frames, n_mels), n >= 1; its vector is the normalised mean
        of theirs. Windows in which the network hears nothing give zeros.
        """
        counts = [len(windows) for windows in utterances]
        vectors = self(torch.cat(list(utterances)))  # (sum of n, embedding)
        means = [part.mean(dim=0) for part in vectors.split(counts)]
        return F.normalize(torch.stack(means), dim=1)
