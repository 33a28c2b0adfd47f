"""Exact back-propagation within a context, whatever the rules; attacks must use it.

The backward pass of a rule is not the gradient of the network. An attack that follows it measures
the error of that pass, not the robustness of the network (Athalye, Carlini and Wagner 2018).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from evonas.rules.connect import wirings


@contextmanager
def true_gradient(network: nn.Module) -> Iterator[None]:
    """Make forward passes of ``network`` within this context record exact back-propagation.

    Only the forward pass has to be inside; the backward pass may be outside. Contexts nest, and
    the rules are restored even after an exception.

    Raises:
        RuleError: a rule layer of the network is not connected.
    """
    before = [(wiring, wiring.exact) for wiring in wirings(network)]
    for wiring, _ in before:
        wiring.exact = True
    try:
        yield
    finally:
        for wiring, was_exact in before:
            wiring.exact = was_exact
