"""Direct random target projection: the label in the place of the error (Frenkel 2021).

The error of a correct class is negative and all others are positive, so the label alone tells its
sign: no layer need wait for the output.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct.centred_feedback import AbstractCentredFeedback
from evonas.rules.error_bus import ErrorBus


@final
@dataclass(frozen=True)
class DirectRandomTarget(AbstractCentredFeedback):
    """Sends the centred label, -y P / N, y one-hot and N the images in the batch.

    It learns from the targets: a training loop calls ``wiring.aim(labels)`` before each forward
    pass. The logits are watched all the same; that is what ends a forward pass.

    Attributes:
        norm: see :class:`AbstractCentredFeedback`.
        centre: the same.
    """

    name: ClassVar[str] = "drtp"
    title: ClassVar[str] = "Direct random target projection"
    source: ClassVar[str] = "Frenkel, Lefebvre and Bol 2021, arXiv 1909.01311; centring is ours"
    equation: ClassVar[str] = "send = (mean y - y) P / N,  P = K(1; B)"
    sends: ClassVar[str] = "(mean - y) P / N"
    cost: ClassVar[str] = "as dfa, without an error to wait for"
    limits: ClassVar[str] = (
        "as sdfa: it pushes as hard when the network is right; needs the targets"
    )

    def target(self, bus: ErrorBus) -> Tensor:
        """The targets, negative."""
        error = bus.read()
        return -bus.read_targets(error.shape[1]).to(error)
