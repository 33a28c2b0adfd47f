"""Feedback alignment: fixed random feedback, to which the weights align (Lillicrap 2016)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules.base import AbstractRuleLayer, Transport
from evonas.rules.feedback.scaled_feedback import AbstractScaledFeedback
from evonas.rules.flat_tensors import constant, flatten, split_like_weights


@final
@dataclass(frozen=True)
class FeedbackAlignment(AbstractScaledFeedback):
    """V = B, drawn once and never changed.

    Attributes:
        scale: sigma of B, see :func:`evonas.rules.scale.sigma`.
    """

    name: ClassVar[str] = "fa"
    title: ClassVar[str] = "Feedback alignment"
    source: ClassVar[str] = "Lillicrap, Cownden, Tweed and Akerman 2016, arXiv 1411.0247"
    equation: ClassVar[str] = "V = B,  B ~ U(-sqrt(3) sigma, sqrt(3) sigma)"
    transports: ClassVar[Transport] = "nothing"
    sends: ClassVar[str] = "K(g; B)"
    cost: ClassVar[str] = "one product per weight and step (B times sigma)"
    limits: ClassVar[str] = (
        "falls far behind on deep convolutional networks: 68 % against 91 % for ResNet-20 on "
        "CIFAR-10, 15 % against 70 % for ResNet-18 on ImageNet (biotorch)"
    )

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        """B, of the weight's shape, which is the same at every step."""
        return layer.fixed_noise() * layer.sigma(self.scale)

    def feedbacks(self, layers: Sequence[AbstractRuleLayer]) -> Sequence[Tensor]:
        """B of every layer, computed once."""
        if self.scale == "rms":  # sigma follows each weight
            return super().feedbacks(layers)
        return constant(
            self, layers, lambda: split_like_weights(flatten(map(self.feedback, layers)), layers)
        )
