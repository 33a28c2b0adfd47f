"""The operations of an edge: five kinds and their parameters."""

from dataclasses import dataclass
from typing import Final

# The parameters of each kind; those with a default may be left out of the YAML.
PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "zero": (),
    "identity": (),
    "convolution": ("kernel", "dilation", "groups"),
    "separable": ("kernel", "dilation", "repeats"),
    "pool": ("mode", "kernel"),
}
POOL_MODES: Final = ("avg", "max")


@dataclass(frozen=True)
class Operation:
    """One entry of a cell's ``operations``.

    ``zero`` gives zeros; ``identity`` passes its input on, and at stride 2 becomes a factorised
    reduction (two 1x1 convolutions, one on the image shifted by a pixel); ``convolution`` is
    ReLU-Conv-BN; ``separable`` repeats ReLU-depthwise-pointwise-BN, the first of them with the
    stride; ``pool`` averages or takes the maximum. Padding always keeps the size at stride 1.

    Args:
        name: in the YAML and in the text of a genome.
        kind: one of ``PARAMETERS``.
        kernel: side of the square window, odd; 1 where the kind has none.
        dilation: distance between the taps of the kernel.
        groups: of a convolution; divides the channels.
        repeats: of a separable block.
        mode: of a pool, ``avg`` or ``max``; empty elsewhere.
    """

    name: str
    kind: str
    kernel: int = 1
    dilation: int = 1
    groups: int = 1
    repeats: int = 1
    mode: str = ""

    def has_weights(self, *, stride: int) -> bool:
        """Whether the operation has weights that a learning rule trains, at this stride."""
        return self.kind in ("convolution", "separable") or (
            self.kind == "identity" and stride > 1
        )
