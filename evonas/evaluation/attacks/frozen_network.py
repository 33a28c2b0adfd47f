"""Freeze a network while it is attacked or measured."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Put a network in evaluation mode without parameter gradients in this block.

    The mode of each module and the flag of each parameter are restored individually, also after
    an exception, so that a partly frozen network stays partly frozen. Freezing also saves time: a
    custom backward pass would otherwise compute weight gradients that are never used.
    """
    modes = [(module, module.training) for module in network.modules()]
    flags = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        network.eval()
        for parameter, _ in flags:
            parameter.requires_grad_(False)
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
