"""The scale of feedback: the standard deviation sigma of a feedback tensor.

All rules multiply a tensor of unit root mean square by sigma, so the expected norm of the
feedback is the same for all of them. Uniform feedback then lies in [-bound, bound) with bound
= sqrt(3) sigma.
"""

import math
from typing import Literal

import torch
from torch import Tensor

Scale = Literal["initial", "group", "biotorch", "rms"]
SCALES: tuple[Scale, ...] = ("initial", "group", "biotorch", "rms")


def sigma(weight: Tensor, *, groups: int = 1, scale: Scale = "initial") -> float | Tensor:
    """Standard deviation of the feedback for a weight of shape (out, in / groups, ...).

    - ``initial``: 1 / sqrt(3 fan_in) with fan_in = (C_in / G) k^2: the standard deviation of
      torch's default initial weights, so that feedback starts with the norm of the weight.
      Feedback that is larger raises the gain of the backward pass of every layer, which harms
      deep networks.
    - ``group``: Glorot's sqrt(2 / (fan_in + fan_out)) with the true fans of one group,
      fan_out = (C_out / G) k^2: for weights that are initialised like that.
    - ``biotorch``: the same with torch's fans, which ignore G in fan_out. A depthwise layer of 36
      channels then gets feedback four times too small (0.0775 instead of 0.333).
    - ``rms``: ||W||_F / sqrt(numel), so that the feedback keeps the norm of the weight as
      it learns (in the spirit of Moskovitz et al. 2018, arXiv 1812.06488).

    Returns:
        A number, or for ``rms`` a scalar tensor computed from the current weight.
    """
    if scale == "rms":
        norm: Tensor = torch.linalg.vector_norm(weight.detach())
        return norm / math.sqrt(weight.numel())
    fan_in = weight[0].numel()
    if scale == "initial":
        return 1 / math.sqrt(3 * fan_in)
    fan_out = weight.shape[0] * weight[0, 0].numel()
    if scale == "group":
        fan_out //= groups
    return math.sqrt(2.0 / (fan_in + fan_out))
