"""What the signals of an untrained network are computed from, each part of it once."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn
from torch.func import functional_call

from evonas.networks import Network
from evonas.rules import true_gradient

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh)


@final
@dataclass(frozen=True)
class ForwardPass:
    """The images sent through the network in training mode.

    Attributes:
        images: the images that the gradient can be taken by, (N, C, H, W).
        logits: (N, classes).
        codes: for every activation whether its inputs are above 0, (N, units) each.
    """

    images: Tensor
    logits: Tensor
    codes: tuple[Tensor, ...]


@final
@dataclass(frozen=True)
class Probe:
    """A network at its initial weights, in training mode, and a batch of images.

    All signals of a genome share one. None of them changes it, so their order does not matter.

    Attributes:
        network: network of back-propagation everywhere.
        images: in [0, 1], (N, C, H, W).
        labels: labels of the images, (N,).
        seed: seed of what signals draw; each derives one of its own.
    """

    network: Network
    images: Tensor
    labels: Tensor
    seed: int

    @cached_property
    def forward(self) -> ForwardPass:
        """One pass for all signals; its graph lives as long as the probe."""
        images = self.images.clone().requires_grad_()
        codes: list[Tensor] = []

        def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            codes.append((inputs[0].detach() > 0).flatten(1))

        handles = [
            module.register_forward_pre_hook(note)
            for module in self.network.modules()
            if isinstance(module, ACTIVATIONS)
        ]
        # statistics of the batch go into copies: the network stays at its start
        buffers = {name: each.clone() for name, each in self.network.named_buffers()}
        try:
            with true_gradient(self.network):
                logits = functional_call(self.network, buffers, (images,))
        finally:
            for handle in handles:
                handle.remove()
        return ForwardPass(images, logits, tuple(codes))

    def image_gradient(self, total: Tensor) -> Tensor:
        """The gradient of a function of the logits of :attr:`forward` by the images."""
        (gradient,) = torch.autograd.grad(total, self.forward.images, retain_graph=True)
        return gradient


Signal = Callable[[Probe], float]
"""One number of a probe; NaN or infinite where there is none."""
