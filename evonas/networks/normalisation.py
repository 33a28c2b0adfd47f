"""Batch normalisation as the blocks use it."""

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@final
class BatchNorm(nn.BatchNorm2d):
    """``nn.BatchNorm2d`` that does not count batches: a launch a step that nobody reads."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """(N, C, H, W) to the same."""
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias,
            training=self.training, momentum=self.momentum or 0.0, eps=self.eps,
        )  # fmt: skip

    def statistics(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of a batch, without gradient; they enter the running ones."""
        mean, variance = torch.batch_norm_update_stats(
            inputs.detach(), self.running_mean, self.running_var, self.momentum or 0.0
        )
        return mean, variance

    @torch.no_grad()
    def take_in(self, mean: Tensor, variance: Tensor, *, count: int) -> None:
        """Let statistics that are known already enter the running ones.

        Args:
            mean: of a batch.
            variance: of it, biased.
            count: values of each channel.
        """
        assert self.running_mean is not None
        assert self.running_var is not None
        unbiased = variance * (count / max(1, count - 1))
        torch._foreach_lerp_(
            [self.running_mean, self.running_var], [mean, unbiased], self.momentum or 0.0
        )
