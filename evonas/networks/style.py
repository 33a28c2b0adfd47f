"""The activation and the normalisation of a network, which all its blocks share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import gcd

from torch import Tensor, nn
from torch.nn import functional as F

from evonas.networks.normalisation import BatchNorm

ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], Callable[[Tensor], Tensor]]] = {
    "relu": (nn.ReLU, F.relu),
    "gelu": (nn.GELU, F.gelu),
    "silu": (nn.SiLU, F.silu),
    "tanh": (nn.Tanh, F.tanh),
    "leaky_relu": (nn.LeakyReLU, F.leaky_relu),
}
"""By name: the module, and the same as a function."""

MAX_GROUPS = 8
LEAST_IN_GROUP = 4  # channels: of an image of one pixel, one channel alone would become zero


def group_norm(channels: int) -> nn.GroupNorm:
    """At most 8 groups of 4 channels or more (Wu and He 2018); one group if they do not divide."""
    groups = gcd(channels, MAX_GROUPS)
    while groups > 1 and channels // groups < LEAST_IN_GROUP:
        groups //= 2
    return nn.GroupNorm(groups, channels)


NORMALISATIONS: dict[str, Callable[[int], nn.Module] | None] = {
    "batch": BatchNorm,
    "group": group_norm,
    # over channels and pixels of an image (Ba, Kiros and Hinton 2016), with a scale by channel
    "layer": partial(nn.GroupNorm, 1),
    "none": None,
}
"""By name, from a number of channels; ``none`` leaves it out, and the layers get a bias."""


@dataclass(frozen=True)
class Style:
    """The common style of all blocks of a network.

    Args:
        activation: a key of ``ACTIVATIONS``.
        normalisation: a key of ``NORMALISATIONS``.
    """

    activation: str = "relu"
    normalisation: str = "batch"

    @property
    def has_bias(self) -> bool:
        """Whether layers have a bias: no normalisation follows them that would remove it."""
        return NORMALISATIONS[self.normalisation] is None

    def activate(self, values: Tensor) -> Tensor:
        """The activation of a tensor of any shape."""
        return ACTIVATIONS[self.activation][1](values)

    def make_activation(self) -> nn.Module:
        """A module for the activation."""
        return ACTIVATIONS[self.activation][0]()

    def norms(self, channels: int) -> list[nn.Module]:
        """The normalisation of so many channels, as a list of no or one module."""
        make = NORMALISATIONS[self.normalisation]
        return [] if make is None else [make(channels)]


DEFAULT_STYLE = Style()
"""That of NAS-Bench-201 and DARTS: ReLU and batch normalisation."""
