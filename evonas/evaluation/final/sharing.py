"""Data-parallel training: several processes share each batch and make one step together."""

from collections.abc import Iterable, Sequence
from typing import final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from evonas.evaluation.training.training_step import AbstractAddition


@final
class GradientSharing(AbstractAddition):
    """Averages gradients and statistics over the processes, before each step.

    The mean of the gradients of equal parts is the gradient of the whole batch, for all rules
    whose update is a sum over images; what is computed from a batch as a whole (batch
    normalisation, the similarities of ``local``, energies of the Hebbian rules) is that of each
    part. Tensors of the state that are no parameters, such as running statistics, are averaged,
    too, so that all processes have equal networks after every step, and a checkpoint of one is a
    checkpoint of all.

    ``DistributedDataParallel`` is not used: it waits for a hook of every parameter, while weights
    of edges that carry nothing get no gradient; and it holds gradients in buckets of its own,
    while the descent here takes them off the parameters. One all-reduce of one flat tensor does.

    Args:
        modules: whose parameters and state are shared; the same in all processes.
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

    def share_gradients(self) -> None:
        """Replace each by the mean over all processes."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        average([*gradients, *self._statistics])


@torch.no_grad()
def average(tensors: Sequence[Tensor]) -> None:
    """Put the mean over all processes of the default group in the place of each tensor.

    Args:
        tensors: tensors of one type and device, of the same shapes in all processes.
    """
    flat = torch.cat([each.reshape(-1) for each in tensors])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    parts = flat.split([each.numel() for each in tensors])
    for each, part in zip(tensors, parts, strict=True):
        each.copy_(part.view(each.shape))
