"""Batch normalisation for the blocks, with running statistics that can be updated together."""

from collections.abc import Sequence
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class BatchNorm(nn.BatchNorm2d):
    """``nn.BatchNorm2d`` that does not count batches, which saves a kernel launch per step.

    Attributes:
        pending: statistics of a batch that is not yet in the running statistics: mean and biased
            variance, (channels,) each, and the number of values per channel.
    """

    pending: tuple[Tensor, Tensor, int] | None = None

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Normalise (N, C, H, W) to the same shape."""
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            training=self.training, momentum=self.momentum or 0.0, eps=self.eps,
        )  # fmt: skip


def statistics(inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and biased variance of each channel of (N, C, H, W), in float32 or higher precision."""
    running = None
    if not inputs.is_cuda:  # a CPU sums in the dtype of the running statistics
        wide = torch.promote_types(inputs.dtype, torch.float32)
        running = inputs.new_zeros(inputs.shape[1], dtype=wide)
    mean, variance = torch.batch_norm_update_stats(inputs.detach(), running, running, 0.0)
    return mean, variance


@torch.no_grad()
def update_running_statistics(norms: Sequence[BatchNorm]) -> None:
    """Update the running statistics of all modules from their pending batches, in two launches."""
    running, means, variances, factors = [], [], [], []
    for norm in norms:
        if norm.pending is not None:
            mean, variance, count = norm.pending
            norm.pending = None
            running.append((norm.running_mean, norm.running_var))
            means.append(mean)
            variances.append(variance)
            factors.append(count / max(1, count - 1))
    if running:
        unbiased = torch._foreach_mul(variances, factors)
        to: Any = [each for pair in zip(*running, strict=True) for each in pair]
        torch._foreach_lerp_(to, [*means, *unbiased], norms[0].momentum or 0.0)
