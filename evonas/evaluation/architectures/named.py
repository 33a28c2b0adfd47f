"""Architecture given by the name of a network, with one rule for all layers or one for each."""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, final

from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.architectures.rule_text import parse_rule
from evonas.evaluation.data.images import Traits
from evonas.networks import Network
from evonas.networks.named.table import NETWORKS, build_named
from evonas.registry import look_up


@final
@dataclass(frozen=True)
class NamedArchitecture(AbstractArchitecture):
    """A named network under given rules, such as ``resnet20`` under ``usf``.

    Attributes:
        name: name in ``NETWORKS``.
        rules: one rule for all layers with weights, or one for each from the stem to the
            classifier; each in the form that :func:`parse_rule` reads.

    Raises:
        UnknownNameError: there is no such network, or no such rule.
        RuleError: an option of a rule is wrong.
    """

    name: str
    rules: tuple[str, ...]

    model_format: ClassVar[str] = "evonas-model-2"

    def __post_init__(self) -> None:
        look_up(NETWORKS, self.name, kind="network")
        for rule in self.rules:
            parse_rule(rule)

    @property
    def text(self) -> str:
        """The network and its rules."""
        return f"{self.name} @ {' '.join(self.rules)}"

    @property
    def key(self) -> str:
        """The name and the rule; a hash replaces several rules, or a rule with options."""
        rules = " ".join(self.rules)
        is_plain = rules.replace("_", "").isalnum()
        return (
            f"{self.name}-{rules if is_plain else hashlib.sha256(rules.encode()).hexdigest()[:8]}"
        )

    @property
    def size_text(self) -> str:
        """Empty, as the size is fixed."""
        return ""

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The untrained network, without anything that is computed from training images."""
        return build_named(
            self.name,
            rules=[parse_rule(rule) for rule in self.rules],
            input_shape=traits.shape,
            num_classes=traits.num_classes,
            seed=seed,
            mean=traits.mean,
            deviation=traits.std,
        )

    def description(self) -> dict[str, Any]:
        """Name and rules; ``genome`` is text for readers, which no space can parse."""
        return {
            "genome": self.text,
            "key": self.key,
            "network": self.name,
            "rules": list(self.rules),
        }

    def settings(self) -> dict[str, Any]:
        """Name and rules."""
        return {"network": self.name, "rules": list(self.rules)}
