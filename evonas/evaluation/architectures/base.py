"""How a network is described, so that it can be built again: by a final training, from a file."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from evonas.evaluation.data.images import Traits
from evonas.networks import Network


@dataclass(frozen=True)
class AbstractArchitecture(ABC):
    """A network for images of any data set.

    Attributes:
        model_format: model format of the files of its trained networks.
    """

    model_format: ClassVar[str]

    @property
    @abstractmethod
    def text(self) -> str:
        """What it is, on one line."""

    @property
    @abstractmethod
    def key(self) -> str:
        """A short name for files and folders; two that compute alike may share it."""

    @property
    @abstractmethod
    def size_text(self) -> str:
        """Its width and depth, where they are a choice; else empty."""

    @abstractmethod
    def network(self, traits: Traits, *, seed: int) -> Network:
        """Not trained yet, on the CPU, in training mode.

        Args:
            traits: traits of the images.
            seed: seed of its weights and of its feedback.

        Raises:
            InputError: it cannot be built for these images.
        """

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """As the file of a model has it; ``text`` and ``key`` are its ``genome`` and ``key``."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """As ``config.yaml`` of a final training has it."""
