"""Interface of architectures: descriptions from which a network can be rebuilt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from evonas.evaluation.data.images import Traits
from evonas.networks import Network


@dataclass(frozen=True)
class AbstractArchitecture(ABC):
    """Description of a network that can be built for images of any data set.

    Attributes:
        model_format: format of the files that hold its trained networks.
    """

    model_format: ClassVar[str]

    @property
    @abstractmethod
    def text(self) -> str:
        """Description in one line."""

    @property
    @abstractmethod
    def key(self) -> str:
        """Short name for files and folders; architectures of equal function may share it."""

    @property
    @abstractmethod
    def size_text(self) -> str:
        """Width and depth, if they can be chosen; else empty."""

    @abstractmethod
    def network(self, traits: Traits, *, seed: int) -> Network:
        """Build the untrained network, on the CPU, in training mode.

        Args:
            traits: traits of the images.
            seed: seed of the initial weights and of the feedback.

        Raises:
            InputError: it cannot be built for these images.
        """

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """Description for the file of a model, with ``text`` as ``genome``, and ``key``."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Settings for ``config.yaml`` of a final training."""
