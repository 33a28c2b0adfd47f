"""Direct feedback alignment with only the signs of the error (Frenkel 2021)."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct.centred_feedback import AbstractCentredFeedback
from evonas.rules.error_bus import ErrorBus


@final
@dataclass(frozen=True)
class SignedDirectFeedback(AbstractCentredFeedback):
    """Sends the centred signs of the error, sign(e) P / N with N images in the batch.

    Attributes:
        norm: see :class:`AbstractCentredFeedback`.
        centre: see :class:`AbstractCentredFeedback`.
    """

    name: ClassVar[str] = "sdfa"
    title: ClassVar[str] = "Direct feedback alignment of the error's signs"
    equation: ClassVar[str] = "send = (s - mean s) P / N,  s = sign(e),  P = K(1; B)"
    sends: ClassVar[str] = "(sign(e) - mean) P / N"
    cost: ClassVar[str] = "as dfa, plus one sign per error"
    limits: ClassVar[str] = (
        "as dfa; its signal never fades, so deep or often normalised networks may end up no "
        "better than untrained ones"
    )

    def target(self, bus: ErrorBus) -> Tensor:
        """The signs of the error, (batch, classes)."""
        return bus.read().sign()
