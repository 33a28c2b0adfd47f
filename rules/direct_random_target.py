"""Direct random target projection: the label in the place of the error (Frenkel 2021).

The error of a correct class is negative and all others are positive, so the label alone tells its
sign: no layer need wait for the output.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.wiring import ErrorBus


@final
@dataclass(frozen=True)
class DirectRandomTarget(DirectFeedbackAlignment):
    """Sends -y P / N, y the one-hot label and N the images in the batch.

    It learns from the targets: a training loop calls ``wiring.aim(labels)`` before each forward
    pass. The logits are watched all the same; that is what ends a forward pass.

    Attributes:
        norm: as in :class:`DirectFeedbackAlignment`. Labels do not know the scale of the loss, so
            under a loss scaler, or a loss that is not a mean, use ``rms``.
    """

    name: ClassVar[str] = "drtp"
    title: ClassVar[str] = "Direct random target projection"
    source: ClassVar[str] = "Frenkel, Lefebvre and Bol 2021, arXiv 1909.01311"
    equation: ClassVar[str] = "send = -y P / N,  P = K(1; B)"
    sends: ClassVar[str] = "-y P / N"
    cost: ClassVar[str] = "as dfa, without an error to wait for"
    limits: ClassVar[str] = (
        "as dfa, and weaker: it pushes as hard when the network is right; needs the targets"
    )

    def error(self, bus: ErrorBus) -> Tensor:
        """The targets, negative and spread over the batch."""
        error = bus.read()
        return bus.read_targets(error.shape[1]).to(error) / -error.shape[0]
