"""What is trained in the place of a candidate: how its network is made."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from evonas.evaluation.data.images import Traits
from evonas.networks import Network
from evonas.space import Genome, Space


@dataclass(frozen=True)
class AbstractVariant(ABC):
    """A network that is trained in the place of a candidate's own.

    Everything else is the candidate's: the protocol, and the seed of each training, from which
    come the weights, the order of the images, their augmentation and the feedback.

    Attributes:
        name: name of the variant, such as ``all bp``; no other of the same candidate has it.
    """

    name: str

    @property
    @abstractmethod
    def text(self) -> str:
        """What the network is, on one line; a record has it where others have the genome."""

    @abstractmethod
    def network(self, traits: Traits, *, seed: int) -> Network:
        """The network, not trained yet, on the CPU and in training mode.

        Args:
            traits: traits of the data set.
            seed: seed of its weights and of its feedback.

        Raises:
            SpaceError: the images are too small for it.
        """


def record_key(space: Space, genome: Genome, variant: AbstractVariant | None) -> str:
    """The key of the record of a training: the candidate's, with the variant's name behind it."""
    key = space.key(genome)
    return key if variant is None else f"{key} {variant.name}"


def record_text(space: Space, genome: Genome, variant: AbstractVariant | None) -> str:
    """The genome in the record of a training, or what stands for it."""
    return space.format(genome) if variant is None else variant.text
