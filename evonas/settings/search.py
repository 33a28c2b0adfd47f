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
        "Trainings in a generation.", default=20, unit="trainings", at_least=2
    )
    generations: int = setting(
        "Generations at most.",
        default=unset("4, or what --evaluations takes"),
        unit="generations",
        at_least=1,
    )
    evaluations: int = setting(
        "Trainings at most, the second of a candidate like the first.",
        default=unset("population x generations"),
        unit="trainings",
        at_least=1,
    )
    mode: str = setting(
        "When new candidates are asked for.", default="generational", choices=MODES
    )
    seed: int = setting(
        "Seed of everything random but the split of the images.", default=0, at_least=0
    )
    replicates: str = setting(
        "Trainings of each candidate: a number, or auto, which trains those again that may be on "
        "the front.",
        default="auto",
        example="3",
    )
    confirm: int = setting(
        "After the search: fresh trainings of each network that may be on the front, which it is "
        "then reported by; 0 for none.",
        default=3,
        unit="trainings",
        at_least=0,
    )
    controls: bool = setting(
        "After the search: train the controls of every network on the front, as evonas ablate "
        "does; about 100 trainings for each of them.",
        default=False,
    )
    mutation: str = setting("Where children come from.", default="plain", choices=MUTATIONS)
    eg_without: tuple[str, ...] = setting(
        "With --mutation eg: parts to switch off, of gradient, cma, similarity and score; none "
        "switches nothing off, which is the paper's form.",
        default=unset("similarity"),
        example="cma,score",
    )
    signals: tuple[str, ...] = setting(
        "Cheap signals of every genome that an engine with a model is told: free, for what it "
        "costs, or signals of its untrained network; none for none. See the page on signals.",
        default=(),
        example="free,naswot",
    )
    prior_sha256: str | None = setting(
        "Hash of the earlier results that a search begins with; set by --prior.",
        default=None,
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
    def num_trainings(self) -> int:
        """How many there are at most."""
        return min(self.evaluations, self.population * self.generations)
