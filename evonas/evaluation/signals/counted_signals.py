"""Signals that are counted from a genome, without building its network."""

import math
from collections.abc import Sequence
from statistics import mean
from typing import final

from evonas.errors import ConfigError
from evonas.evaluation.signals.genome_cost import GenomeCost, GenomeCosts
from evonas.rules import all_rules
from evonas.rules.base import Transport
from evonas.space import Genome, Space

FREE, DEPTH_PROFILE = "free", "depth-profile"
COUNTED = (FREE, DEPTH_PROFILE)
"""Names of the signals that are counted."""

COSTS = ("params", "multiply-adds")
"""Logarithms of the network's costs."""

TRANSPORTED: tuple[Transport, ...] = ("weights", "signs")
"""Shares of the parameters whose rule transports the weights or only their signs; the other rules
transport nothing. Signals only in spaces where genomes choose rules."""

HALVES = ("transports-first-half", "transports-second-half")
"""Shares under rules that transport weights or signs, near the image and near the logits."""


def check_counted(names: Sequence[str], space: Space) -> None:
    """Reject a profile of the rules where genomes choose none.

    Raises:
        ConfigError: all layers of the space have the same rule.
    """
    if DEPTH_PROFILE in names and len(space.rule_choices) == 1:
        raise ConfigError(
            f"signals: '{DEPTH_PROFILE}' tells where in a network each kind of rule is, but all "
            f"layers have the rule '{space.rule_choices[0]}'; leave it out"
        )


@final
class CountedSignals:
    """Costs of a genome's network, and where its rules transport weights or signs.

    Args:
        chosen: some of ``COUNTED``.
        space: space of the genomes at the size of the candidates.
        input_shape: channels, height and width of the images.
        num_classes: number of logits.

    Attributes:
        names: names of all columns.

    Raises:
        ConfigError: see :func:`check_counted`.
        SpaceError: the images are too small for the space.
    """

    def __init__(
        self,
        chosen: Sequence[str],
        space: Space,
        *,
        input_shape: tuple[int, int, int],
        num_classes: int,
    ) -> None:
        check_counted(chosen, space)
        self._space = space
        self._costs = GenomeCosts(space, input_shape=input_shape, num_classes=num_classes)
        self._has_costs = FREE in chosen
        self._has_profile = DEPTH_PROFILE in chosen
        self._shares = TRANSPORTED if self._has_costs and len(space.rule_choices) > 1 else ()
        self.names = (
            *(COSTS if self._has_costs else ()),
            *(f"transports-{name}" for name in self._shares),
            *(HALVES if self._has_profile else ()),
        )

    def of(self, genome: Genome) -> tuple[float, ...]:
        """Signals of a canonical genome, in the order of the names."""
        if not self.names:
            return ()
        cost = self._costs.of(genome)
        costs = (math.log(cost.parameters), math.log(cost.multiply_adds))
        return (
            *(costs if self._has_costs else ()),
            *(self._share(cost, transported) for transported in self._shares),
            *(self._profile(genome, cost) if self._has_profile else ()),
        )

    def _share(self, cost: GenomeCost, transported: Transport) -> float:
        under = sum(n for rule, n in cost.by_rule.items() if _transported_by(rule) == transported)
        return under / cost.parameters

    def _profile(self, genome: Genome, cost: GenomeCost) -> tuple[float, float]:
        """Mean over the positions of each half of the depth, so that wide stages do not dominate.

        A middle position belongs to the first half. A position without parameters does not count,
        and a half without any has a share of 0.
        """
        blueprint = self._space.decode(genome)
        shares: tuple[list[float], list[float]] = ([], [])
        for index, position in enumerate(blueprint.positions):
            counts = {site: n for site in position.sites if (n := cost.by_site.get(site, 0))}
            if counts:
                sent = sum(
                    n
                    for site, n in counts.items()
                    if _transported_by(blueprint.rules[site]) in TRANSPORTED
                )
                is_second = 2 * index >= len(blueprint.positions)
                shares[is_second].append(sent / sum(counts.values()))
        first, second = (mean(half) if half else 0.0 for half in shares)
        return first, second


def _transported_by(rule: str) -> Transport:
    return all_rules()[rule]().transported
