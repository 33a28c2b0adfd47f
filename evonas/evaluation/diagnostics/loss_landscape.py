"""Loss of a network around its weights, along two random directions (Li et al. 2018).

Every filter of a direction is scaled to the norm of the corresponding filter of the network, so
that the picture does not depend on the scale of the weights. Source: H. Li, Z. Xu, G. Taylor, C.
Studer and T. Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018, arXiv
1712.09913, sec. 4.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Direction = dict[str, Tensor]
"""For parameters by name, a tensor of the same shape."""


def filter_normalised_direction(network: nn.Module, *, seed: int) -> Direction:
    """Draw a random direction in the space of the weights.

    It consists of normal numbers, with each filter (the weights of one output) scaled to the norm
    of the same filter of the network. Biases and the parameters of normalisations do not move, as
    in the authors' code.

    Args:
        network: network with any parameters.
        seed: seed of the random numbers.
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
    """Compute the loss at weights + a * first + b * second, in evaluation mode.

    The running statistics of normalisations are those of the network.

    Args:
        network: network, which is not changed.
        directions: first and second direction.
        images: fixed batch of images.
        labels: labels of the images.
        steps: values of a and of b.
        loss: function of outputs and labels.
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
