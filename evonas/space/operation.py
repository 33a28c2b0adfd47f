"""The operations of an edge: their kinds and their parameters."""

from dataclasses import dataclass
from typing import Final

# Parameters of each kind; those with a default may be left out of the YAML.
PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "zero": (),
    "identity": (),
    "convolution": ("kernel", "dilation", "groups"),
    "separable": ("kernel", "dilation", "repeats"),
    "pool": ("mode", "kernel"),
    "linear": (),
    "mbconv": ("kernel", "expansion", "squeeze"),
    "attention": ("heads",),
}
POOL_MODES: Final = ("avg", "max")
WEIGHTED: Final = ("convolution", "separable", "linear", "mbconv", "attention")
"""Kinds that have weights in every position."""


@dataclass(frozen=True)
class Operation:
    """One entry of a cell's ``operations``.

    ``zero`` gives zeros; ``identity`` passes its input on, and at stride 2 becomes a factorised
    reduction (two 1x1 convolutions, one on the image shifted by a pixel); ``convolution`` is
    ReLU-Conv-BN; ``separable`` repeats ReLU-depthwise-pointwise-BN, the first of them with the
    stride; ``pool`` averages or takes the maximum; ``linear`` is the activation, a fully connected
    layer and normalisation, of images of one pixel; ``mbconv`` is an inverted bottleneck, with its
    input added where it fits; ``attention`` is self-attention between pixels. Padding always keeps
    the size at stride 1.

    In a cell with one input that changes the channels, the edges that leave the input change them,
    as in NATS-Bench (Dong et al. 2021): an identity becomes a 1x1 convolution with normalisation,
    and a pool follows a ReLU-Conv-BN.

    Args:
        name: name in the YAML and in the text of a genome.
        kind: one of ``PARAMETERS``.
        kernel: side of the square window, odd; 1 for kinds without one.
        dilation: distance between the taps of the kernel.
        groups: number of groups of a convolution; divides the channels.
        repeats: number of repeats in a separable block.
        mode: mode of a pool, ``avg`` or ``max``; empty for other kinds.
        expansion: ratio of hidden to input channels of an inverted bottleneck.
        squeeze: ratio of hidden to gate channels of an inverted bottleneck; 0 for no gates.
        heads: number of heads of self-attention; divides the channels.
    """

    name: str
    kind: str
    kernel: int = 1
    dilation: int = 1
    groups: int = 1
    repeats: int = 1
    mode: str = ""
    expansion: int = 1
    squeeze: int = 0
    heads: int = 1

    def has_weights(self, *, stride: int, changes_channels: bool = False) -> bool:
        """Whether the operation has weights that a learning rule trains.

        Args:
            stride: stride of the edge.
            changes_channels: whether the edge leaves the input of a cell that changes the
                channels, so that an identity becomes a 1x1 convolution, and one precedes a pool.
        """
        if self.kind in WEIGHTED:
            return True
        if self.kind == "identity":
            return stride > 1 or changes_channels
        return self.kind == "pool" and changes_channels

    def uses_activation(self, *, stride: int, changes_channels: bool = False) -> bool:
        """Whether the operation applies the activation of the space on such an edge."""
        if self.kind == "identity":
            return stride > 1
        if self.kind == "attention":
            return False
        return self.has_weights(stride=stride, changes_channels=changes_channels)

    def uses_normalisation(self, *, stride: int, changes_channels: bool = False) -> bool:
        """Whether the operation normalises on such an edge."""
        return self.has_weights(stride=stride, changes_channels=changes_channels)
