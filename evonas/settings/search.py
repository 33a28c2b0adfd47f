"""How to search: the engine, how much it may ask for, and what guides it."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset

MODES = {
    "generational": "all of a generation is told before the next is asked for",
    "steady": "one candidate more whenever a worker is free",
}
MUTATIONS = {
    "plain": "the engine's own variation",
    "eg": "beside it, children that gradients and an evolution strategy find in a supernet",
}


@dataclass(frozen=True)
class SearchSettings:
    """How to search."""

    algorithm: str = setting("The search engine.", default="evonas", table="algorithms")
    population: int = setting(
        "Candidates in a generation.", default=20, unit="candidates", at_least=2
    )
    generations: int = setting(
        "Generations at most.",
        default=unset("4, or what --evaluations takes"),
        unit="generations",
        at_least=1,
    )
    evaluations: int = setting(
        "Candidates at most.",
        default=unset("population x generations"),
        unit="candidates",
        at_least=1,
    )
    mode: str = setting(
        "When new candidates are asked for.", default="generational", choices=MODES
    )
    seed: int = setting("Seed of everything random.", default=0, at_least=0)
    confirm: int = setting(
        "After the search: fresh trainings of each network on the front, which it is then "
        "reported by.",
        default=0,
        unit="trainings",
        at_least=0,
    )
    mutation: str = setting("Where children come from.", default="plain", choices=MUTATIONS)
    eg_without: tuple[str, ...] = setting(
        "With --mutation eg: parts to switch off, of gradient, cma, similarity and score; none "
        "switches nothing off, which is the paper's form.",
        default=unset("similarity"),
        example="cma,score",
    )
    supernet_epochs: int | None = setting(
        "Epochs that the supernet is trained for, where one guides the search.",
        default=unset("three times a candidate's"),
        unit="epochs",
        at_least=1,
    )
    supernet_images: int | None = setting(
        "Training images of the supernet.",
        default=unset("as --images"),
        unit="images",
        at_least=1,
    )
    supernet_channels: int | None = setting(
        "Channels of the supernet's first stage.",
        default=unset("as the candidates"),
        unit="channels",
        at_least=1,
    )

    @property
    def num_candidates(self) -> int:
        """How many are trained at most."""
        return min(self.evaluations, self.population * self.generations)
