"""Texts to mels: pieces of several requests in one padded pass of ForwardTacotron."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from contract.errors import InvalidRequest, ModelFailed
from contract.tasks import FloatArray, SynthesizeMelOutput
from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron, Prosody, TextBatch
from predictors.nn.loading import refuse_damaged
from predictors.nn.precision import ReducedPrecision
from predictors.nn.transfer import to_device, to_host

MAX_RUN_SYMBOLS = 2048
"""Padded symbols in one pass: about two minutes of speech, 250 MB of activations."""
_MAX_FRAMES_A_SYMBOL = 40
"""On average over a piece, at speed 1: half a second. Speech has 6; beyond, a made-up embedding
drives the durations, and the mel would fill the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some sentences of a request: symbol ids, the voice [dims], and the prosody it asks for."""

    ids: Sequence[int]
    voice: FloatArray
    speed: float
    pitch: float
    energy: float


class MelSynthesizer:
    """A ForwardTacotron and where it runs."""

    def __init__(self, network: ForwardTacotron, device: torch.device) -> None:
        self.network, self._device = network, device

    @property
    def dims(self) -> int:
        """Numbers of the embeddings that it reads."""
        return self.network.config.speaker_embed_dims

    def mels(self, pieces: Sequence[Piece]) -> list[FloatArray | None]:
        """One pass: a mel [n_mels, T] per piece; None where its speech has no end."""
        batch = self._batch(pieces)
        with torch.inference_mode():
            prosody = self.network.prosody(batch)
            prosody, is_endless = bounded(prosody, [(len(one.ids), one.speed) for one in pieces])
            mels = to_host(*self.network.decode(batch, prosody).items())
        return [None if endless else mel for mel, endless in zip(mels, is_endless, strict=True)]

    def joined(self, parts: Sequence[FloatArray | None]) -> SynthesizeMelOutput:
        """The answer to a request from the mels of its pieces.

        Raises CorruptWeights when the network no longer gives finite mels, else InvalidRequest.
        """
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts) and all(np.isfinite(part).all() for part in whole):
            pauses = np.asarray([part.shape[1] for part in whole], np.float32)
            return SynthesizeMelOutput(np.concatenate(whole, axis=1), pauses)
        refuse_damaged(self.network)
        if len(whole) < len(parts):
            raise InvalidRequest(
                "embedding makes speech without an end; embed the voice again", param="embedding"
            )
        raise ModelFailed("the network gave no finite mel for this text; set dtype to float32")

    def _batch(self, pieces: Sequence[Piece]) -> TextBatch:
        ids = pad_sequence([torch.tensor(piece.ids) for piece in pieces], batch_first=True)
        voices = torch.from_numpy(np.stack([piece.voice for piece in pieces]))
        return TextBatch(
            ids=to_device(ids, self._device),
            lengths=torch.tensor([len(piece.ids) for piece in pieces]),
            speakers=to_device(voices, self._device),
            speed=self._column([piece.speed for piece in pieces]),
            pitch_scale=self._column([piece.pitch for piece in pieces]),
            energy_scale=self._column([piece.energy for piece in pieces]),
        )

    def _column(self, values: Sequence[float]) -> Tensor:
        return to_device(values, self._device)


def bounded(prosody: Prosody, pieces: Sequence[tuple[int, float]]) -> tuple[Prosody, list[bool]]:
    """The prosody without pieces that would last absurdly long, and which those are; `pieces` are
    the symbols and the speed of each."""
    frames = prosody.durations.clamp(min=0).sum(dim=1)  # (B,)
    most = torch.tensor([count * _MAX_FRAMES_A_SYMBOL / speed for count, speed in pieces])
    is_endless = ~(frames <= most)  # so that NaN counts as endless
    durations = prosody.durations.masked_fill(is_endless[:, None], 0.0)
    return replace(prosody, durations=durations), is_endless.tolist()


def reduce_tacotron(network: ForwardTacotron, dtype: torch.dtype) -> None:
    """Run both CBHGs, half of the weights and most of the work, in `dtype`.

    Durations, pitch and energy stay in float32: they cost little, and their rounding is heard. So
    does the LSTM, whose rounding would add up from frame to frame.
    """
    for name in ("prenet", "postnet"):
        setattr(network, name, ReducedPrecision(getattr(network, name), dtype))
