"""Data-parallel training: several processes share each batch and make one step together."""

from collections.abc import Iterable, Sequence
from typing import final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from evonas.evaluation.training.training_step import AbstractAddition


@final
class GradientSharing(AbstractAddition):
    """Averages gradients, statistics and the loss over all processes before each step.

    For rules whose update is a sum over images, the mean of the gradients of equal parts is the
    gradient of the whole batch. Quantities computed from a batch as a whole (batch normalisation,
    the similarities of ``local``, energies of the Hebbian rules) are computed from each part
    separately. State tensors that are no parameters, such as running statistics, are averaged,
    too. All processes therefore have equal networks after every step, and a checkpoint of one is
    a checkpoint of all.

    ``DistributedDataParallel`` is unsuitable: it waits for a hook of every parameter, but weights
    of edges that carry nothing get no gradient; and it keeps gradients in its own buckets, but
    the descent clears them from the parameters. One all-reduce of one flat tensor is enough.

    Args:
        modules: modules whose parameters and state are shared; the same in all processes.
    """

    def __init__(self, modules: Iterable[nn.Module]) -> None:
        each = nn.ModuleList(modules)
        self._parameters = [p for p in each.parameters() if p.requires_grad]
        names = {name for name, _ in each.named_parameters()}
        self._statistics = [
            value
            for name, value in each.state_dict().items()
            if name not in names and value.is_floating_point()
        ]

    def share_gradients(self, loss: Tensor) -> None:
        """Replace gradients, statistics and the loss with their means over all processes."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        average([*gradients, *self._statistics, loss])


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Replace each tensor, in place, with its mean over all processes of the default group.

    Args:
        tensors: tensors of one dtype and device, with the same shapes in all processes.
    """
    flat = torch.cat([each.reshape(-1) for each in tensors])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = flat.split([each.numel() for each in tensors])
    for each, part in zip(tensors, parts, strict=True):
        each.copy_(part.view(each.shape))
