"""Direct feedback of the error's signs alone: right or wrong, not by how much (Frenkel 2021)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.wiring import ErrorBus


@final
@dataclass(frozen=True)
class SignedDirectFeedback(DirectFeedbackAlignment):
    """Sends sign(e) P / N with N images in the batch, as large as the mean of a loss makes e.

    Attributes:
        norm: as in :class:`DirectFeedbackAlignment`. Signs forget the scale of the loss, so under
            a loss scaler, or a loss that is not a mean, use ``rms``.
    """

    name: ClassVar[str] = "sdfa"
    title: ClassVar[str] = "Direct feedback alignment of the error's signs"
    source: ClassVar[str] = "Frenkel, Lefebvre and Bol 2021, arXiv 1909.01311"
    equation: ClassVar[str] = "send = sign(e) P / N,  P = K(1; B)"
    sends: ClassVar[str] = "sign(e) P / N"
    cost: ClassVar[str] = "as dfa, and one sign an error"
    limits: ClassVar[str] = (
        "as dfa; the size of an error is lost, so it stays noisy near a solution"
    )

    def error(self, bus: ErrorBus) -> Tensor:
        """The signs of the error, spread over the batch."""
        error = bus.read()
        return error.sign() / error.shape[0]
