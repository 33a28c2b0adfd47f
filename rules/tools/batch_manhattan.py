"""Batch Manhattan: the optimiser uses only the sign of a mini-batch's gradient (Liao 2016).

Liao, Leibo and Poggio train networks with asymmetric feedback both in this way and with plain
gradients. A synapse then only has to know whether to grow or to shrink.
"""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from evonas.rules.connect import rule_layers


def batch_manhattan(optimiser: Optimizer, network: nn.Module) -> RemovableHandle:
    """Replace every gradient by its sign in each later ``optimiser.step()``.

        optimiser = torch.optim.SGD(parameter_groups(network, learning_rate=1e-3, ...))
        batch_manhattan(optimiser, network)

    The sign is taken once per step, from the accumulated gradient, before weight decay and
    momentum. Without these, every weight moves by exactly the learning rate, whatever the scale of
    the loss, so choose a much smaller rate. A gradient of exactly zero moves nothing. Weights with
    their own learning rate do not learn from gradients and are not affected. Kolen-Pollack stays
    exact, because W and B still get the same update. Q. Liao, J. Z. Leibo and T. Poggio, "How
    important is weight symmetry in backpropagation?", AAAI 2016, arXiv 1510.05067.

    Args:
        optimiser: any optimiser.
        network: the network, whose rules determine which weights are not affected.

    Returns:
        A handle; ``remove()`` undoes it.
    """
    unaffected = {
        id(layer.weight)
        for layer in rule_layers(network).values()
        if layer.rule.own_learning_rate is not None
    }

    def take_signs(optimiser: Optimizer, *_: Any) -> None:
        gradients = [
            parameter.grad
            for group in optimiser.param_groups
            for parameter in group["params"]
            if parameter.grad is not None and id(parameter) not in unaffected
        ]
        if gradients:
            torch._foreach_sign_(gradients)

    return optimiser.register_step_pre_hook(take_signs)
