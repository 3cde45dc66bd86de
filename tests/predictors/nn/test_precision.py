"""Which parts of a network are rounded, and that nobody outside notices the type."""

import pytest
import torch
from torch import Tensor, nn

from predictors.nn.precision import reduce_precision


class Doubling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((), 2.0))

    def forward(self, x: Tensor, lengths: Tensor, *, is_odd: bool) -> tuple[Tensor, Tensor]:
        assert x.dtype is self.weight.dtype
        return x * self.weight + is_odd, lengths


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc_p, self.flow, self.dec = Doubling(), Doubling(), Doubling()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_only_the_big_parts_are_rounded(dtype: torch.dtype):
    network = Network()
    reduce_precision(network, dtype)
    types = {name.partition(".")[0]: value.dtype for name, value in network.named_parameters()}
    assert types == {"enc_p": torch.float32, "flow": dtype, "dec": dtype}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_float32_goes_in_and_comes_out(dtype: torch.dtype):
    network = Network()
    reduce_precision(network, dtype)
    doubled, lengths = network.dec(torch.tensor([1.0, 1 / 3]), torch.tensor([2]), is_odd=True)
    assert doubled.dtype is torch.float32
    torch.testing.assert_close(doubled, torch.tensor([3.0, 5 / 3]), atol=1e-2, rtol=0)
    assert lengths.dtype is torch.int64
