"""What is captured as a graph is padded to a few sizes, and answers as it would without."""

import torch
from torch import Tensor, nn

from predictors.nn.cuda_graphs import Captured, bucket, enable_graphs


def test_a_quarter_of_a_pass_is_padding_at_most_and_few_sizes_cover_all() -> None:
    lengths = range(1, 20_001)
    sizes = [bucket(one) for one in lengths]
    assert all(size >= one for size, one in zip(sizes, lengths, strict=True))
    assert all(size <= max(64, 1.25 * one) for size, one in zip(sizes, lengths, strict=True))
    assert sizes == sorted(sizes)
    assert len(set(sizes)) < 40
    assert [bucket(one) for one in (64, 65, 128, 129, 256)] == [64, 80, 128, 160, 256]


class Doubling(nn.Module):
    """Two samples a frame, the sum of each item, and the shapes it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []
        self.part = Captured(self._double, timed=(True, False), rates=(2, 0))

    def _double(self, x: Tensor, scale: Tensor) -> tuple[Tensor, ...]:
        self.shapes.append((*x.shape, *scale.shape))
        return (x * scale).repeat_interleave(2, dim=-1), x.sum((1, 2))


def test_the_function_is_given_padded_sizes_and_what_comes_out_is_cropped() -> None:
    network, x, scale = Doubling(), torch.rand(3, 5, 70), torch.rand(3, 1, 1)
    plain = network.part(x, scale)
    enable_graphs(network)
    found = network.part(x, scale)
    assert network.shapes == [(3, 5, 70, 3, 1, 1), (4, 5, 80, 4, 1, 1)]
    assert [one.shape for one in found] == [(3, 5, 140), (3,)]
    for one, other in zip(found, plain, strict=True):
        torch.testing.assert_close(one, other)


def test_without_a_cuda_device_nothing_is_captured() -> None:
    network = Doubling()
    enable_graphs(network)
    for _ in range(3):
        network.part(torch.rand(1, 1, 64), torch.rand(1, 1, 1))
    assert network.part.graphs == 0
