"""Padded batches hide nothing behind an item's end."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from predictors.nn.padded import masked, reflect_pad, run_packed, time_mask
from predictors.nn.transfer import batch_to_device

CPU = torch.device("cpu")
ITEMS = [torch.arange(10.0)[None], torch.arange(4.0)[None] + 100, torch.arange(7.0)[None] - 50]


def test_padding_stacks_items_and_keeps_their_lengths() -> None:
    batch, lengths = batch_to_device(ITEMS, CPU)
    assert batch.shape == (3, 1, 10)
    assert lengths.tolist() == [10, 4, 7]
    assert batch[1, 0, 4:].abs().sum() == 0


def test_masks_silence_what_lies_behind_the_ends() -> None:
    batch, lengths = batch_to_device(ITEMS, CPU)
    assert torch.equal(masked(batch + 0, time_mask(lengths, batch)), batch)
    noisy = masked(batch + 1, time_mask(lengths, batch))
    assert noisy[1, 0].tolist() == [101, 102, 103, 104, 0, 0, 0, 0, 0, 0]


def test_full_batches_need_no_mask() -> None:
    assert time_mask(torch.tensor([5, 5]), torch.zeros(2, 3, 5)) is None


@pytest.mark.parametrize("width", [1, 3])
def test_reflects_at_each_items_own_end(width: int) -> None:
    batch, lengths = batch_to_device(ITEMS, CPU)
    padded = reflect_pad(batch, lengths, width)
    for row, item in zip(padded, ITEMS, strict=True):
        alone = F.pad(item[None], (width, width), mode="reflect")[0]
        assert torch.equal(row[:, : alone.shape[1]], alone)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_recurrent_layers_turn_round_at_each_items_own_end(kind: type[nn.GRU | nn.LSTM]) -> None:
    torch.manual_seed(0)
    rnn = kind(1, 3, batch_first=True, bidirectional=True).requires_grad_(False)
    batch, lengths = batch_to_device(ITEMS, CPU)
    together = run_packed(rnn, batch.transpose(1, 2) / 10, lengths)
    for row, item in zip(together, ITEMS, strict=True):
        alone = rnn(item.T[None] / 10)[0][0]
        torch.testing.assert_close(row[: len(alone)], alone, atol=1e-6, rtol=0)
