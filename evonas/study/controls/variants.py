"""The controls of a network as reproducible variants of it.

Rules are assigned per rule gene of the space: per layer if each layer has its own gene, per stage
if a stage shares one. So the search could have found every assignment. Controls equal to the
network itself are left out.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import final

from evonas.evaluation.variants.base import AbstractVariant
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.evaluation.variants.resnet_variant import ResNetVariant
from evonas.evaluation.variants.untrained import UntrainedVariant
from evonas.networks.resnet import DEPTHS
from evonas.registry import look_up
from evonas.rules import ALIASES, all_rules
from evonas.seeds import derive_seed
from evonas.space import Genome, Space
from evonas.study.controls.names import (
    ARCHITECTURE,
    RANDOM,
    SHUFFLED,
    TWIN,
    UNTRAINED,
    single_rule,
)
from evonas.study.controls.options import ControlOptions
from evonas.study.shape import under_rules

TRIES = 1000  # draws for one control before giving up on finding another


@dataclass(frozen=True)
class Planned:
    """The controls of a network.

    Attributes:
        variants: one for each control.
        left_out: name and reason for each missing control.
    """

    variants: tuple[AbstractVariant, ...]
    left_out: tuple[str, ...]


def plan_controls(space: Space, genome: Genome, options: ControlOptions, *, seed: int) -> Planned:
    """The controls of ``genome``.

    Args:
        space: space of the genome, with the rules of the run.
        genome: genome of the network.
        options: which controls, and how many.
        seed: seed of the study; each draw has its own seed, so adding controls does not change the
            first ones.

    Raises:
        UnknownNameError: a rule or a network is unknown.
    """
    single = tuple(ALIASES.get(name, name) for name in options.rules or space.rule_choices)
    for name in (*single, *options.network_rules):
        look_up(all_rules(), name, kind="rule")
    for name in options.networks:
        look_up(DEPTHS, name, kind="network")
    return _Planner(space, genome, seed).plan(options, single)


@final
class _Planner:
    def __init__(self, space: Space, genome: Genome, seed: int) -> None:
        self._space = space
        self._genome = genome
        self._seed = seed
        self._key = space.key(genome)
        self._num_cells = sum(gene.kind != "rule" for gene in space.genes)
        flags = space.is_active(genome)
        self._active = [
            n for n, gene in enumerate(space.genes) if gene.kind == "rule" and flags[n]
        ]
        self._variants: list[AbstractVariant] = []
        self._left_out: list[str] = []

    def plan(self, options: ControlOptions, single: Sequence[str]) -> Planned:
        for rule in dict.fromkeys(("bp", *single)):
            self._add_single(rule)
        self._add_drawn(RANDOM, options.random, self._random_rules)
        if len({self._genome.values[n] for n in self._active}) > 1:
            self._add_drawn(SHUFFLED, options.shuffled, self._shuffled_rules)
        elif options.shuffled:
            self._left_out.append(f"{SHUFFLED}: all layers of the network have one rule")
        self._variants.append(UntrainedVariant(UNTRAINED, *self._under(("bp",))))
        self._add_drawn(ARCHITECTURE, options.architectures, self._random_architecture)
        for network in options.networks:
            for rule in options.network_rules:
                rule = ALIASES.get(rule, rule)
                self._variants.append(ResNetVariant(f"{network} {rule}", network, rule))
        return Planned(tuple(self._variants), tuple(self._left_out))

    def _under(self, rules: Sequence[str]) -> tuple[Space, Genome]:
        """The network's architecture with the first of these rules everywhere."""
        cells = self._genome.values[: self._num_cells]
        rest = len(self._space.genes) - self._num_cells
        return under_rules(self._space, rules), Genome((*cells, *[0] * rest))

    def _add_single(self, rule: str) -> None:
        name = TWIN if rule == "bp" else single_rule(rule)
        others = [other for other in self._space.rule_choices if other != rule]
        space, genome = self._under((rule, *others))
        mine = [self._space.rule_choices[v] for v in self._genome.values[self._num_cells :]]
        places = [space.rule_choices.index(each) for each in mine]
        own = Genome((*self._genome.values[: self._num_cells], *places))
        if space.key(genome) == space.key(own):
            self._left_out.append(f"{name}: identical to the network")
        else:
            self._variants.append(GenomeVariant(name, *self._under((rule,))))

    def _add_drawn(
        self, name: str, count: int, draw: Callable[[random.Random], Genome | None]
    ) -> None:
        """Distinct genomes other than the network's; fewer if no more exist."""
        seen = {self._key}
        for number in range(1, count + 1):
            for genome in self._draws(name, number, draw):
                if (key := self._space.key(genome)) not in seen:
                    seen.add(key)
                    variant = GenomeVariant(f"{name} {number}", self._space, genome)
                    self._variants.append(variant)
                    break
            else:
                self._left_out.append(f"{name} {number}: no further ones exist")
                return

    def _draws(
        self, name: str, number: int, draw: Callable[[random.Random], Genome | None]
    ) -> Iterator[Genome]:
        rng = random.Random(derive_seed(self._seed, self._key, name, number))
        for _ in range(TRIES):
            genome = draw(rng)
            if genome is not None:
                yield genome

    def _random_rules(self, rng: random.Random) -> Genome:
        return Genome(
            tuple(
                value if n < self._num_cells else rng.randrange(len(self._space.genes[n].choices))
                for n, value in enumerate(self._genome.values)
            )
        )

    def _shuffled_rules(self, rng: random.Random) -> Genome:
        values = list(self._genome.values)
        dealt = [values[n] for n in self._active]
        rng.shuffle(dealt)
        for n, value in zip(self._active, dealt, strict=True):
            values[n] = value
        return Genome(tuple(values))

    def _random_architecture(self, rng: random.Random) -> Genome | None:
        """Random operations, rules drawn from the network's; None if cut off from the input."""
        rules = [self._genome.values[n] for n in self._active]
        genome = Genome(
            tuple(
                rng.randrange(len(gene.choices)) if n < self._num_cells else rng.choice(rules)
                for n, gene in enumerate(self._space.genes)
            )
        )
        plans = self._space.decode(genome).cells.values()
        return None if any(plan.is_zero for plan in plans) else genome
