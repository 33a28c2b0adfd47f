"""Interface of variants, and the key and text of their records."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from evonas.evaluation.data.images import Traits
from evonas.networks import Network
from evonas.space import Genome, Space


@dataclass(frozen=True)
class AbstractVariant(ABC):
    """A network that is trained in place of a candidate's own.

    Everything else is the candidate's: the protocol, and the seed of each training, which
    determines the weights, the order of the images, their augmentation and the feedback.

    Attributes:
        name: name of the variant, such as ``all bp``, unique among those of a candidate.
    """

    name: str

    @property
    @abstractmethod
    def text(self) -> str:
        """Description of the network in one line, used as the genome text of its record."""

    @abstractmethod
    def network(self, traits: Traits, *, seed: int) -> Network:
        """Build the untrained network, on the CPU and in training mode.

        Args:
            traits: traits of the data set.
            seed: seed of the initial weights and of the feedback.

        Raises:
            SpaceError: the images are too small for the network.
        """


def record_key(space: Space, genome: Genome, variant: AbstractVariant | None) -> str:
    """Key of the record of a training: the candidate's key, followed by the variant's name."""
    key = space.key(genome)
    return key if variant is None else f"{key} {variant.name}"


def record_text(space: Space, genome: Genome, variant: AbstractVariant | None) -> str:
    """Text in the record of a training: the genome, or the description of the variant."""
    return space.format(genome) if variant is None else variant.text
