"""Direct random target projection: the label replaces the error (Frenkel 2021).

The error of the correct class is negative and all others are positive, so the label alone
determines its sign, and no layer has to wait for the output.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct.centred_feedback import AbstractCentredFeedback
from evonas.rules.error_bus import ErrorBus


@final
@dataclass(frozen=True)
class DirectRandomTarget(AbstractCentredFeedback):
    """Sends the centred label, -y P / N, with y one-hot and N images in the batch.

    It learns from the targets: the training loop must call ``wiring.aim(labels)`` before each
    forward pass, and ``wiring.watch`` at its end.

    Attributes:
        norm: see :class:`AbstractCentredFeedback`.
        centre: see :class:`AbstractCentredFeedback`.
    """

    name: ClassVar[str] = "drtp"
    title: ClassVar[str] = "Direct random target projection"
    equation: ClassVar[str] = "send = (mean y - y) P / N,  P = K(1; B)"
    sends: ClassVar[str] = "(mean - y) P / N"
    cost: ClassVar[str] = "as dfa, but does not wait for the error"
    limits: ClassVar[str] = (
        "as sdfa: the signal is as strong when the network is right; needs the targets"
    )

    def target(self, bus: ErrorBus) -> Tensor:
        """The negative one-hot targets, (batch, classes)."""
        error = bus.read()
        return -bus.read_targets(error.shape[1]).to(error)
