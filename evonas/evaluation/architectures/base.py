"""Descriptions of networks from which they can be rebuilt: for final trainings and model files."""

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
        """A short name for files and folders; equivalent networks may share it."""

    @property
    @abstractmethod
    def size_text(self) -> str:
        """Its width and depth, if they can be chosen; otherwise empty."""

    @abstractmethod
    def network(self, traits: Traits, *, seed: int) -> Network:
        """The untrained network, on the CPU, in training mode.

        Args:
            traits: traits of the images.
            seed: seed of its weights and of its feedback.

        Raises:
            InputError: it cannot be built for these images.
        """

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """The description for a model file; ``text`` and ``key`` become ``genome`` and ``key``."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """The description for ``config.yaml`` of a final training."""
