"""Base class of the direct rules of Frenkel et al. (2021), which send a target, not the error.

Once the readout has learnt the class frequencies, the mean of its error over a batch is zero. The
mean of the targets is not zero: it pushes all images in the same direction at every step, and
shifts the offsets of the normalisations until units are dead or always on. So the mean is
subtracted (docs/rules.md measures the effect).
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.direct.direct_feedback_alignment import DirectFeedbackAlignment
from evonas.rules.error_bus import ErrorBus


@dataclass(frozen=True)
class AbstractCentredFeedback(DirectFeedbackAlignment):
    """Sends (t - mean of t) P / N; the division by N matches the error of a mean loss.

    Attributes:
        norm: see :class:`DirectFeedbackAlignment`. Targets do not scale with the loss, so use
            ``rms`` with a loss scaler, or with a loss that is not a mean.
        centre: whether to subtract the mean over the batch, which the papers do not do. A batch of
            one image then sends nothing.
    """

    source: ClassVar[str] = "Frenkel, Lefebvre and Bol 2021, arXiv 1909.01311; centring is ours"

    centre: bool = True

    @abstractmethod
    def target(self, bus: ErrorBus) -> Tensor:
        """The target t that replaces the error of each image: (batch, classes).

        Raises:
            RuleError: the error is not known, or the targets are needed and not known.
        """

    @final
    def error(self, bus: ErrorBus) -> Tensor:
        """The targets, centred and divided by the batch size: (batch, classes)."""
        target = self.target(bus)
        if self.centre:
            target = target - target.mean(0, keepdim=True)
        return target / len(target)
