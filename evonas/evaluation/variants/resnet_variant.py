"""Variant with a ResNet under one rule, as a baseline that was not found by search."""

from dataclasses import dataclass
from typing import final

from evonas.evaluation.data.images import Traits
from evonas.evaluation.variants.base import AbstractVariant
from evonas.networks import Network
from evonas.networks.named.table import build_named
from evonas.rules import all_rules


@final
@dataclass(frozen=True)
class ResNetVariant(AbstractVariant):
    """A ResNet for small images (:mod:`evonas.networks.resnet`).

    Attributes:
        architecture: name of the ResNet in :data:`evonas.networks.resnet.DEPTHS`.
        rule: name of the rule of all layers.
    """

    architecture: str
    rule: str

    @property
    def text(self) -> str:
        """The architecture and the rule."""
        return f"{self.architecture} @ {self.rule}"

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The ResNet."""
        return build_named(
            self.architecture,
            rules=[all_rules()[self.rule]()],
            input_shape=traits.shape,
            num_classes=traits.num_classes,
            seed=seed,
            mean=traits.mean,
            deviation=traits.std,
        )
