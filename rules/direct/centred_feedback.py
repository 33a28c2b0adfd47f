"""What the direct rules of Frenkel et al. (2021) share: a target in the place of the error.

The error of a readout that has learnt how frequent the classes are has mean zero over a batch. A
target has not: its mean pushes every image alike, for ever, and drives the offsets of a network's
normalisations until its units are dead or always on. So the mean is taken off (docs/rules.md
has what that is worth).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

from torch import Tensor

from evonas.rules.direct.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.error_bus import ErrorBus


@dataclass(frozen=True)
class AbstractCentredFeedback(DirectFeedbackAlignment):
    """Sends (t - mean of t) P / N: as large as the mean of a loss makes an error.

    Attributes:
        norm: as in :class:`DirectFeedbackAlignment`. Targets forget the scale of the loss, so
            under a loss scaler, or a loss that is not a mean, use ``rms``.
        centre: take off the mean over the batch, which the papers do not; a batch of one image
            then sends nothing.
    """

    centre: bool = True

    @abstractmethod
    def target(self, bus: ErrorBus) -> Tensor:
        """What takes the place of an image's error, t: (batch, classes)."""

    @final
    def error(self, bus: ErrorBus) -> Tensor:
        """The targets, centred and spread over the batch."""
        target = self.target(bus)
        if self.centre:
            target = target - target.mean(0, keepdim=True)
        return target / len(target)
