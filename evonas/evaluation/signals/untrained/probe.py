"""Shared intermediate results from which the signals of an untrained network are computed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from evonas.networks import Network
from evonas.rules import true_gradient

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh)


@contextmanager
def noting_inputs(
    network: nn.Module,
    kinds: tuple[type[nn.Module], ...],
    note: Callable[[nn.Module, Tensor], None],
) -> Iterator[None]:
    """Pass every module of these kinds, and its input, to ``note`` during forward passes."""
    handles = [
        module.register_forward_pre_hook(lambda of, given: note(of, given[0]))
        for module in network.modules()
        if isinstance(module, kinds)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@final
@dataclass(frozen=True)
class ForwardPass:
    """Results of one forward pass of the images in training mode.

    Attributes:
        images: (N, C, H, W), input images, which require a gradient.
        logits: (N, classes).
        codes: for every activation, bool (N, units): whether its inputs are above 0.
    """

    images: Tensor
    logits: Tensor
    codes: tuple[Tensor, ...]


@final
@dataclass(frozen=True)
class Probe:
    """A network with its initial weights, in training mode, and a batch of images.

    All signals of a genome share one probe. They do not change it, so their order is irrelevant.

    Attributes:
        network: network with back-propagation everywhere.
        images: (N, C, H, W), in [0, 1].
        labels: (N,), labels of the images.
        seed: seed from which each signal derives the seed of its random numbers.
    """

    network: Network
    images: Tensor
    labels: Tensor
    seed: int

    @cached_property
    def forward(self) -> ForwardPass:
        """Forward pass shared by all signals; its graph is kept as long as the probe."""
        images = self.images.clone().requires_grad_()
        codes: list[Tensor] = []

        def note(_: nn.Module, given: Tensor) -> None:
            codes.append((given.detach() > 0).flatten(1))

        # batch statistics are written to copies, so that the network stays as initialised
        buffers = {name: each.clone() for name, each in self.network.named_buffers()}
        with noting_inputs(self.network, ACTIVATIONS, note), true_gradient(self.network):
            logits = functional_call(self.network, buffers, (images,))
        return ForwardPass(images, logits, tuple(codes))

    def image_gradient(self, total: Tensor) -> Tensor:
        """Gradient, with respect to the images, of a scalar function of the logits."""
        (gradient,) = torch.autograd.grad(total, self.forward.images, retain_graph=True)
        return gradient


Signal = Callable[[Probe], float]
"""Maps a probe to one number; NaN or infinite if the signal is not defined."""
