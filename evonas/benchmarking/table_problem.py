"""A search space without its rules, as a search sees it; results are cached."""

from evonas.search.problem import SearchGene
from evonas.space import Genome, Space

RULE = "bp"
"""The rule of the networks in a table: they were trained by back-propagation."""


class ArchitectureProblem:
    """The operations (and chosen inputs) of a space, without its rule genes.

    Canonical forms and keys are those of the space with :data:`RULE` at every site.

    Args:
        space: any search space.
    """

    def __init__(self, space: Space) -> None:
        self.space = space.with_rules((RULE,))
        self.genes: tuple[SearchGene, ...] = tuple(g for g in self.space.genes if g.kind != "rule")
        self.paths = self.space.paths
        self._rules = (0,) * (len(self.space.genes) - len(self.genes))
        self._canonical: dict[Genome, Genome] = {}
        self._keys: dict[Genome, str] = {}
        self._active: dict[Genome, tuple[bool, ...]] = {}

    def canonical(self, genome: Genome, /) -> Genome:
        """Return the genome with its inactive genes folded."""
        if genome not in self._canonical:
            folded = self.space.canonical(self.whole(genome)).values[: len(self.genes)]
            self._canonical[genome] = Genome(folded)
        return self._canonical[genome]

    def key(self, genome: Genome, /) -> str:
        """Return a key, equal for two genomes exactly if they build the same network."""
        if genome not in self._keys:
            self._keys[genome] = self.space.key(self.whole(genome))
        return self._keys[genome]

    def is_active(self, genome: Genome, /) -> tuple[bool, ...]:
        """Return for every gene whether it makes a difference in this genome."""
        if genome not in self._active:
            self._active[genome] = self.space.is_active(self.whole(genome))[: len(self.genes)]
        return self._active[genome]

    def whole(self, genome: Genome) -> Genome:
        """Return the genome of the space itself, including rules."""
        return Genome(genome.values + self._rules)

    def parse(self, arch: str) -> Genome:
        """Return the architecture that a text describes, not in canonical form.

        Raises:
            GenomeError: the text is not an architecture of this space.
        """
        return Genome(self.space.parse(arch).values[: len(self.genes)])

    def format(self, genome: Genome) -> str:
        """Return the architecture as a table writes it, without rules."""
        return self.space.format(self.whole(genome)).partition("@")[0].strip()
