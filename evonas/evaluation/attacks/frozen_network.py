"""A network as it must be while it is attacked: evaluation mode, parameters frozen."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Evaluation mode and no parameter gradients inside; every flag as before afterwards.

    Each module's mode and each parameter's flag is restored by itself, also after an exception, so
    that a network trained with a part of it frozen stays that way. Frozen parameters matter for
    speed too: a custom backward pass would otherwise compute weight gradients that nobody reads.
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
