"""The operations of an edge: their kinds and their parameters."""

from dataclasses import dataclass
from typing import Final

# The parameters of each kind; those with a default may be left out of the YAML.
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
"""The kinds that have weights wherever they stand."""


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

    Where a cell with one input changes the channels, the edges that leave its input do it, as in
    NATS-Bench (Dong et al. 2021): an identity becomes a 1x1 convolution with normalisation, and a
    pool follows a ReLU-Conv-BN.

    Args:
        name: in the YAML and in the text of a genome.
        kind: one of ``PARAMETERS``.
        kernel: side of the square window, odd; 1 where the kind has none.
        dilation: distance between the taps of the kernel.
        groups: groups of a convolution; divides the channels.
        repeats: repeats of a separable block.
        mode: mode of a pool, ``avg`` or ``max``; empty elsewhere.
        expansion: of an inverted bottleneck, the channels between over those of its input.
        squeeze: of the same, the channels between over those of its gates; 0 for no gates.
        heads: heads of self-attention; divides the channels.
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
            changes_channels: whether the edge leaves the input of a cell with other channels, so
                that an identity becomes a 1x1 convolution, and one precedes a pool.
        """
        if self.kind in WEIGHTED:
            return True
        if self.kind == "identity":
            return stride > 1 or changes_channels
        return self.kind == "pool" and changes_channels

    def uses_activation(self, *, stride: int, changes_channels: bool = False) -> bool:
        """Whether the operation, there, applies the activation of the space."""
        if self.kind == "identity":
            return stride > 1
        if self.kind == "attention":
            return False
        return self.has_weights(stride=stride, changes_channels=changes_channels)

    def uses_normalisation(self, *, stride: int, changes_channels: bool = False) -> bool:
        """Whether the operation, there, normalises."""
        return self.has_weights(stride=stride, changes_channels=changes_channels)
