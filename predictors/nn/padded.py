"""Batches of sequences of unequal length: padded so that each item equals its single call.

A network is exact on a padded batch when nothing behind an item's end reaches its frames:
convolutions must find zeros there (`time_mask`), reflections must mirror at the item's own end
(`reflect_pad`), and recurrent layers must stop there (`run_packed`). Lengths are int64 on the CPU.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from predictors.nn.transfer import to_device


def time_mask(lengths: Tensor, like: Tensor) -> Tensor | None:
    """1.0 inside items and 0.0 behind them, (B, 1, T), for `like` (B, C, T); None if all are full.

    None lets batches of equal lengths, single items above all, skip the multiplications.
    """
    size = like.shape[-1]
    return None if bool((lengths == size).all()) else length_mask(lengths, size, like)


def length_mask(lengths: Tensor, size: int, like: Tensor) -> Tensor:
    """1.0 inside items and 0.0 behind them, (B, 1, size), of the type and device of `like`."""
    positions = torch.arange(size, device=like.device)
    return (positions < to_device(lengths, like.device)[:, None])[:, None].to(like.dtype)


def masked(x: Tensor, mask: Tensor | None) -> Tensor:
    """`x` with zeros behind the items' ends; a fresh intermediate result is changed in place."""
    return x if mask is None else x.mul_(mask)


def run_packed(rnn: nn.GRU | nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    """Outputs (B, T, H) of a batch-first RNN on x (B, T, C); each item ends at its length."""
    outputs: Tensor
    if bool((lengths == x.shape[1]).all()):
        outputs, _ = rnn(x)
        return outputs
    # Sorted here: torch would send the order to the device by a copy that waits.
    order = lengths.argsort(descending=True)
    first_longest = x.index_select(0, to_device(order, x.device))
    packed = pack_padded_sequence(first_longest, lengths[order], batch_first=True)
    outputs, _ = pad_packed_sequence(rnn(packed)[0], batch_first=True, total_length=x.shape[1])
    return outputs.index_select(0, to_device(order.argsort(), x.device))


def reflect_pad(x: Tensor, lengths: Tensor, width: int) -> Tensor:
    """Mirror `width` frames at the start and at each item's own end: (B, C, T + 2 * width).

    Every length must exceed `width`. What lies behind an item's padding is not defined.
    """
    padded = F.pad(x, (width, width), mode="reflect")
    if bool((lengths == x.shape[-1]).all()):
        return padded
    ends = to_device(lengths, x.device)[:, None, None]
    steps = torch.arange(width, device=x.device)
    shape = (*x.shape[:-1], width)
    mirrored = x.gather(-1, (ends - 2 - steps).expand(shape))  # (B, C, width)
    return padded.scatter_(-1, (ends + width + steps).expand(shape), mirrored)
