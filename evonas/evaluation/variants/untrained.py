"""A network of which only the classifier learns: what the architecture does without learning."""

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
    """The candidate's network with every parameter but the classifier's at its initial value.

    The weight and the bias of the classifier learn. All convolutions, and the scales and shifts of
    batch normalisation, stay as they were drawn. The running statistics of batch normalisation
    follow the images, as in any training.

    Attributes:
        space: space of the genome, under back-propagation everywhere: other rules have nothing to
            do.
        genome: genome to decode.
    """

    space: Space
    genome: Genome

    @property
    def text(self) -> str:
        """The genome, and what learns."""
        return f"{self.space.format(self.genome)}, only the classifier learns"

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The network, of which nothing but the classifier requires a gradient."""
        network = candidate_network(self.space, self.genome, traits, seed=seed)
        network.requires_grad_(False)
        network.classifier.requires_grad_()
        return network
