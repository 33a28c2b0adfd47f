"""Variant in which only the classifier learns, which shows what untrained features achieve."""

from dataclasses import dataclass
from typing import final

from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.evaluation.variants.base import AbstractVariant
from evonas.networks import Network
from evonas.space import Genome, Space


@final
@dataclass(frozen=True)
class UntrainedVariant(AbstractVariant):
    """The candidate's network with all parameters frozen except those of the classifier.

    Only the weight and bias of the classifier are trained. All convolutions, and the scales and
    shifts of batch normalisation, keep their initial values. The running statistics of batch
    normalisation are updated as in any training.

    Attributes:
        space: space of the genome, with back-propagation everywhere, as other rules would have no
            effect.
        genome: genome to decode.
    """

    space: Space
    genome: Genome

    @property
    def text(self) -> str:
        """The genome, and the part that learns."""
        return f"{self.space.format(self.genome)}, only the classifier learns"

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The network, in which only the classifier requires gradients."""
        network = candidate_network(self.space, self.genome, traits, seed=seed)
        network.requires_grad_(False)
        network.classifier.requires_grad_()
        return network
