"""Variant with another genome: the same architecture under other rules, or another one."""

from dataclasses import dataclass
from typing import final

from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.evaluation.variants.base import AbstractVariant
from evonas.networks import Network
from evonas.space import Genome, Space


@final
@dataclass(frozen=True)
class GenomeVariant(AbstractVariant):
    """The network of another genome.

    Rules do not affect the random numbers of torch's initialisation, so with the same architecture
    and seed the initial weights are the candidate's.

    Attributes:
        space: space of the genome, whose rules may differ from those of the candidate's space.
        genome: genome to decode.
    """

    space: Space
    genome: Genome

    @property
    def text(self) -> str:
        """The genome."""
        return self.space.format(self.genome)

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The network of the genome."""
        return candidate_network(self.space, self.genome, traits, seed=seed)
