"""Batch Manhattan: the optimiser takes the sign of a mini-batch's gradient (Liao 2016).

Liao, Leibo and Poggio train their asymmetric networks with it as with plain gradients: a synapse
need only know whether to grow or to shrink.
"""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from evonas.rules.connect import rule_layers


def batch_manhattan(optimiser: Optimizer, network: nn.Module) -> RemovableHandle:
    """From now on, ``optimiser.step()`` sees the sign of every gradient in the gradient's place.

        optimiser = torch.optim.SGD(parameter_groups(network, learning_rate=1e-3, ...))
        batch_manhattan(optimiser, network)

    The sign is taken once a step, of what the step has gathered, before weight decay and momentum:
    without them every weight moves by the learning rate, whatever the scale of the loss, so choose
    it far smaller. A gradient of exactly zero moves nothing. Weights that learn at a rate of their
    own learn from no gradient and are left alone. Kolen-Pollack stays exact, since its W and B
    still get the same update. Q. Liao, J. Z. Leibo and T. Poggio, "How important is weight
    symmetry in backpropagation?", AAAI 2016, arXiv 1510.05067.

    Args:
        optimiser: of any kind, already made.
        network: whose rules say what is left alone.

    Returns:
        A handle; ``remove()`` gives the optimiser back as it was.
    """
    left_alone = {
        id(layer.weight)
        for layer in rule_layers(network).values()
        if layer.rule.own_learning_rate is not None
    }

    def take_signs(optimiser: Optimizer, *_: Any) -> None:
        gradients = [
            parameter.grad
            for group in optimiser.param_groups
            for parameter in group["params"]
            if parameter.grad is not None and id(parameter) not in left_alone
        ]
        if gradients:
            torch._foreach_sign_(gradients)

    return optimiser.register_step_pre_hook(take_signs)
