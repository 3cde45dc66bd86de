"""Texts to mels: the pieces of every request of a batch in one padded pass of ForwardTacotron."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from contract.errors import InvalidRequest, ModelFailed, SpeechError
from contract.tasks import FloatArray, SynthesizeMelOutput
from predictors.models.harmonyspeech.forward_tacotron import ForwardTacotron, Prosody, TextBatch
from predictors.nn.batch_by_length import packed
from predictors.nn.precision import ReducedPrecision
from predictors.nn.torch_checkpoint import refuse_damaged

MAX_RUN_SYMBOLS = 2048
"""Padded symbols in one pass: about two minutes of speech, 250 MB of activations."""
_MAX_FRAMES_A_SYMBOL = 40
"""On average over a piece, at speed 1: half a second. Speech has 6; beyond, a made-up embedding
drives the durations, and the mel would fill the memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """One request, read: its pieces as symbol ids, the voice [dims], and the manner."""

    pieces: Sequence[Sequence[int]]
    voice: FloatArray
    speed: float
    pitch: float
    energy: float


@dataclass(frozen=True, slots=True)
class _Part:
    ids: Sequence[int]
    request: Spoken


class MelSpeaker:
    """A synthesizer network that answers batches."""

    def __init__(self, network: ForwardTacotron, device: torch.device) -> None:
        self.network, self._device = network, device

    def answers(
        self, read: Sequence[Spoken | SpeechError]
    ) -> list[SynthesizeMelOutput | SpeechError]:
        """One answer per request, in order; requests that could not be read keep their error.

        Raises CorruptWeights when the network no longer gives finite mels.
        """
        requests = [one for one in read if isinstance(one, Spoken)]
        mels = iter(self._mels(requests))
        return [one if isinstance(one, SpeechError) else self._joined(one, mels) for one in read]

    def _mels(self, requests: Sequence[Spoken]) -> list[FloatArray | None]:
        """A mel [n_mels, T] per piece of every request, in order; None where speech has no end."""
        parts = [_Part(ids, request) for request in requests for ids in request.pieces]
        spoken: dict[int, FloatArray | None] = {}
        for run in packed([len(part.ids) for part in parts], MAX_RUN_SYMBOLS):
            spoken.update(zip(run, self._run([parts[index] for index in run]), strict=True))
        return [spoken[index] for index in range(len(parts))]

    def _run(self, parts: Sequence[_Part]) -> Iterator[FloatArray | None]:
        batch = self._batch(parts)
        with torch.inference_mode():
            prosody, is_endless = bounded(self.network.prosody(batch), batch)
            mels = self.network.decode(batch, prosody).items()
        for mel, endless in zip(mels, is_endless, strict=True):
            yield None if endless else mel.float().cpu().numpy()

    def _batch(self, parts: Sequence[_Part]) -> TextBatch:
        ids = pad_sequence([torch.tensor(part.ids) for part in parts], batch_first=True)
        voices = torch.from_numpy(np.stack([part.request.voice for part in parts]))
        return TextBatch(
            ids=ids.to(self._device),
            lengths=torch.tensor([len(part.ids) for part in parts]),
            speakers=voices.to(self._device),
            speed=self._column([part.request.speed for part in parts]),
            pitch_scale=self._column([part.request.pitch for part in parts]),
            energy_scale=self._column([part.request.energy for part in parts]),
        )

    def _column(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, device=self._device)

    def _joined(
        self, request: Spoken, mels: Iterator[FloatArray | None]
    ) -> SynthesizeMelOutput | SpeechError:
        parts = [next(mels) for _ in request.pieces]
        whole = [part for part in parts if part is not None]
        if len(whole) == len(parts) and all(np.isfinite(part).all() for part in whole):
            pauses = np.asarray([part.shape[1] for part in whole], np.float32)
            return SynthesizeMelOutput(np.concatenate(whole, axis=1), pauses)
        refuse_damaged(self.network)
        if len(whole) < len(parts):
            return InvalidRequest(
                "embedding makes speech without an end; embed the voice again", param="embedding"
            )
        return ModelFailed("the network gave no finite mel for this text; set dtype to float32")


def bounded(prosody: Prosody, batch: TextBatch) -> tuple[Prosody, list[bool]]:
    """The prosody without pieces that would last absurdly long, and which those are."""
    frames = prosody.durations.clamp(min=0).sum(dim=1).cpu()  # (B,)
    most = batch.lengths * _MAX_FRAMES_A_SYMBOL / batch.speed.cpu()
    is_endless = ~(frames <= most)  # so that NaN counts as endless
    durations = prosody.durations.masked_fill(is_endless[:, None].to(batch.ids.device), 0.0)
    return replace(prosody, durations=durations), is_endless.tolist()


def reduce_tacotron(network: ForwardTacotron, dtype: torch.dtype) -> None:
    """Run both CBHGs, half of the weights and most of the work, in `dtype`.

    Durations, pitch and energy stay in float32: they cost little, and their rounding is heard. So
    does the LSTM, whose rounding would add up from frame to frame.
    """
    for name in ("prenet", "postnet"):
        setattr(network, name, ReducedPrecision(getattr(network, name), dtype))
