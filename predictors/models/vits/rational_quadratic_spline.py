"""Inverse of the monotone rational-quadratic spline with linear tails.

Source: Durkan et al., Neural Spline Flows (2019), equations 4 to 8; the constants are those the
public VITS checkpoints were trained with.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

TAIL_BOUND = 5.0  # outside [-5, 5] the transform is the identity
MIN_BIN_SIZE = 1e-3
MIN_DERIVATIVE = 1e-3


def invert_spline(
    y: Tensor, raw_widths: Tensor, raw_heights: Tensor, raw_derivatives: Tensor
) -> Tensor:
    """Solve spline(x) = y for x, value by value.

    `y` has any shape S; `raw_widths` and `raw_heights` are unnormalised, of shape S + (bins,);
    `raw_derivatives` holds the inner knots only, S + (bins - 1,).
    """
    inside = y.clamp(-TAIL_BOUND, TAIL_BOUND)
    widths, x_knots = _bins(raw_widths)
    heights, y_knots = _bins(raw_heights)
    # A slope of 1 at both ends joins the linear tails smoothly.
    slopes = F.pad(MIN_DERIVATIVE + F.softplus(raw_derivatives), (1, 1), value=1.0)

    # The bin of a value is the number of inner knots at or below it.
    index = (inside.unsqueeze(-1) >= y_knots[..., 1:-1]).sum(-1, keepdim=True)
    width, height = _pick(widths, index), _pick(heights, index)
    left, right = _pick(slopes, index), _pick(slopes, index + 1)
    rise = inside - _pick(y_knots, index)
    position = _solve_bin(rise, height, height / width, left, right)
    return torch.where(y == inside, position * width + _pick(x_knots, index), y)


def _bins(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Bin sizes (..., bins) and knots (..., bins + 1) that cover [-TAIL_BOUND, TAIL_BOUND]."""
    count = raw.shape[-1]
    shares = MIN_BIN_SIZE + (1 - MIN_BIN_SIZE * count) * raw.softmax(-1)
    knots = F.pad(shares.cumsum(-1), (1, 0)) * (2 * TAIL_BOUND) - TAIL_BOUND
    knots[..., -1] = TAIL_BOUND  # the running sum ends near 1, not at 1
    return knots.diff(dim=-1), knots


def _pick(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(-1, index).squeeze(-1)


def _solve_bin(rise: Tensor, height: Tensor, slope: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Where in its bin (0..1) the curve has risen by `rise`: the stable root of a quadratic."""
    curvature = rise * (left + right - 2 * slope)
    a = height * (slope - left) + curvature
    b = height * left - curvature
    c = -slope * rise
    root = (b.square() - 4 * a * c).clamp_min(0).sqrt()  # rounding may fall below 0 at a knot
    return 2 * c / (-b - root)
