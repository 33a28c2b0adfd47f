"""Architecture given by a genome of a search space, at a size and with given rules."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

from evonas.counted import counted
from evonas.evaluation.architectures.base import AbstractArchitecture
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.networks import Network
from evonas.rules import all_rules, first_layer_representatives, readout_representatives
from evonas.space import Genome, Space, from_data
from evonas.strict_yaml import parse_yaml


@final
@dataclass(frozen=True)
class GenomeArchitecture(AbstractArchitecture):
    """Architecture given by a genome, as found by a search.

    Attributes:
        space_text: YAML of the search space.
        genome: text of the genome.
        channels: width of the first stage.
        cells: number of cells per stage.
        rules: rules that the rule genes choose from.
        where: origin of the space's text, for messages.
    """

    space_text: str
    genome: str
    channels: int
    cells: int
    rules: tuple[str, ...]
    where: str = "space.yaml"

    model_format: ClassVar[str] = "evonas-model-1"

    @cached_property
    def parsed(self) -> tuple[Space, Genome]:
        """The space, at this size and with these rules, and the genome.

        Raises:
            SpaceError, GenomeError: the text is no search space, or no genome of it at this size.
        """
        whole = from_data(parse_yaml(self.space_text, where=self.where), where=self.where)
        space = (
            whole.resized(channels=self.channels, cells=self.cells)
            .with_rules(self.rules)
            .with_first_layer(first_layer_representatives(all_rules(), self.rules))
            .with_readout(readout_representatives(all_rules(), self.rules))
        )
        return space, space.parse(self.genome)

    @property
    def text(self) -> str:
        """The genome."""
        return self.genome

    @property
    def key(self) -> str:
        """Key of the genome at this size."""
        space, genome = self.parsed
        return space.key(genome)

    @property
    def size_text(self) -> str:
        """Channels and cells."""
        return f"{counted(self.channels, 'channel')}, {counted(self.cells, 'cell')} a stage"

    def network(self, traits: Traits, *, seed: int) -> Network:
        """The network of the genome."""
        space, genome = self.parsed
        return candidate_network(space, genome, traits, seed=seed)

    def description(self) -> dict[str, Any]:
        """Genome, key, space, size and rules."""
        space, genome = self.parsed
        return {
            "genome": space.format(genome),
            "key": space.key(genome),
            "space": self.space_text,
            "channels": self.channels,
            "cells": self.cells,
            "rules": self.rules,
        }

    def settings(self) -> dict[str, Any]:
        """Genome, size and rules; the space has a file of its own."""
        return {
            "genome": self.genome,
            "channels": self.channels,
            "cells": self.cells,
            "rules": list(self.rules),
        }
