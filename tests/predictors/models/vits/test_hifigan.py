"""The ways HiFi-GAN may cut up its work must not be heard."""

import pytest
import torch
from torch import Generator, Tensor

from predictors.models.vits.hifigan import HifiGan, HifiGanConfig

CONFIG = HifiGanConfig(
    in_channels=4,
    initial_channels=16,
    upsample_rates=(8, 2, 2),
    upsample_kernels=(16, 8, 2),
    resblock_kernels=(3, 7, 11),
    resblock_dilations=((1, 3, 5),) * 3,
    speaker_channels=3,
)
FRAMES = 60


def network(window: int) -> HifiGan:
    made = HifiGan(CONFIG, window).eval()
    generator = Generator().manual_seed(1)
    for parameter in made.parameters():
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 9
        parameter.data = torch.randn(parameter.shape, generator=generator) / fan_in**0.5
    return made


def latents(items: int) -> tuple[Tensor, Tensor]:
    generator = Generator().manual_seed(2)
    return (
        torch.randn(items, 4, FRAMES, generator=generator),
        torch.randn(items, 3, 1, generator=generator),
    )


@pytest.mark.parametrize("window", [1, 7, 59, 60, 512])
@torch.inference_mode()
def test_windows_join_without_a_seam(window: int) -> None:
    z, g = latents(1)
    whole = network(512).generate(z, g)
    joined = network(window).generate_in_windows(z, torch.tensor([FRAMES]), g)
    assert whole.std() > 1e-2
    torch.testing.assert_close(joined, whole, atol=1e-5, rtol=0)


@torch.inference_mode()
def test_a_sample_depends_on_its_reach_and_no_more() -> None:
    made = network(512)
    z, g = latents(1)
    other = z.clone()
    other[..., 0] += 1
    changed = (made.generate(z, g) != made.generate(other, g))[0].nonzero().max()
    frames = changed.item() / made.samples_per_frame
    assert made.reach - 3 < frames <= made.reach + 1


@torch.inference_mode()
def test_a_masked_batch_equals_the_cpu_path() -> None:
    made = network(7)
    z, g = latents(4)
    lengths = torch.tensor([1, FRAMES, 2, 33])
    mask = (torch.arange(FRAMES) < lengths[:, None]).unsqueeze(1).float()
    together = made.generate(z * mask, g, mask)
    torch.testing.assert_close(together, made(z * mask, lengths, g), atol=1e-5, rtol=0)
