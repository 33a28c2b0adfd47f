"""The loss of a network around its weights, on two random directions (Li et al. 2018).

Every filter of a direction is scaled to the norm of the filter of the weights, so that the picture
does not depend on how the weights are scaled. Source: H. Li, Z. Xu, G. Taylor, C. Studer and T.
Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018, arXiv 1712.09913, sec. 4.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Direction = dict[str, Tensor]
"""By the name of a parameter, a tensor of its shape."""


def filter_normalised_direction(network: nn.Module, *, seed: int) -> Direction:
    """A random direction in the space of the weights.

    Normal numbers, each filter (the weights of one output) scaled to the norm of the same filter
    of the network. Biases and the parameters of normalisations do not move, as in the authors'
    code.

    Args:
        network: with any parameters.
        seed: seed of the numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    direction: Direction = {}
    for name, parameter in network.named_parameters():
        if parameter.dim() < 2:
            continue
        drawn = torch.randn(parameter.shape, generator=generator).to(parameter)
        filters, weights = drawn.flatten(1), parameter.detach().flatten(1)
        length = filters.norm(dim=1, keepdim=True).clamp_min(torch.finfo(filters.dtype).tiny)
        direction[name] = (filters * weights.norm(dim=1, keepdim=True) / length).view_as(drawn)
    return direction


@torch.no_grad()
def loss_surface(
    network: nn.Module,
    directions: tuple[Direction, Direction],
    images: Tensor,
    labels: Tensor,
    *,
    steps: Sequence[float],
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    on_row: Callable[[], None] = lambda: None,
) -> Tensor:
    """The loss at weights + a first + b second, in evaluation mode.

    Running statistics of normalisations stay those of the network.

    Args:
        network: not changed.
        directions: the first and the second.
        images: a fixed batch.
        labels: its labels.
        steps: the values that a and b each take.
        loss: loss of outputs and labels.
        on_row: called after each value of a.

    Returns:
        (steps, steps) in float64: rows by a, columns by b.
    """
    moved = deepcopy(network).eval()
    at = dict(network.named_parameters())
    parameters = dict(moved.named_parameters())
    first, second = directions
    surface = torch.empty(len(steps), len(steps), dtype=torch.float64)
    for row, a in enumerate(steps):
        for column, b in enumerate(steps):
            for name in {*first, *second}:
                away = a * first.get(name, 0.0) + b * second.get(name, 0.0)
                parameters[name].copy_(at[name] + away)
            surface[row, column] = loss(moved(images), labels).item()
        on_row()
    return surface
