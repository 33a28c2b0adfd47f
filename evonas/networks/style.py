"""Style of a network: the activation and the normalisation that all its blocks share."""

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
"""Module and function of each activation, keyed by name."""

MAX_GROUPS = 8
LEAST_IN_GROUP = 4  # channels; in one-pixel images, a group of one channel would become zero


def group_norm(channels: int) -> nn.GroupNorm:
    """At most 8 groups of 4 or more channels (Wu and He 2018); one group if none divides them."""
    groups = gcd(channels, MAX_GROUPS)
    while groups > 1 and channels // groups < LEAST_IN_GROUP:
        groups //= 2
    return nn.GroupNorm(groups, channels)


NORMALISATIONS: dict[str, Callable[[int], nn.Module] | None] = {
    "batch": BatchNorm,
    "group": group_norm,
    # over channels and pixels of an image (Ba, Kiros and Hinton 2016), with a scale per channel
    "layer": partial(nn.GroupNorm, 1),
    "none": None,
}
"""Functions from number of channels to a module, keyed by name.

``none`` leaves the normalisation out and gives the layers a bias.
"""


@dataclass(frozen=True)
class Style:
    """The activation and normalisation that all blocks of a network share.

    Args:
        activation: a key of ``ACTIVATIONS``.
        normalisation: a key of ``NORMALISATIONS``.
    """

    activation: str = "relu"
    normalisation: str = "batch"

    @property
    def has_bias(self) -> bool:
        """Whether layers have a bias, which a normalisation after them would remove."""
        return NORMALISATIONS[self.normalisation] is None

    def activate(self, values: Tensor) -> Tensor:
        """Apply the activation to a tensor of any shape."""
        return ACTIVATIONS[self.activation][1](values)

    def make_activation(self) -> nn.Module:
        """A new module of the activation."""
        return ACTIVATIONS[self.activation][0]()

    def norms(self, channels: int) -> list[nn.Module]:
        """The normalisation of ``channels`` channels, as a list of zero or one modules."""
        make = NORMALISATIONS[self.normalisation]
        return [] if make is None else [make(channels)]


DEFAULT_STYLE = Style()
"""The style of NAS-Bench-201 and DARTS: ReLU and batch normalisation."""
