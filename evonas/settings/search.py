"""Settings: how to search. The engine, its budget, and what guides it."""

from dataclasses import dataclass

from evonas.settings.setting import setting, unset

MODES = {
    "generational": "the next generation starts when all results of the last one are in",
    "steady": "a new candidate starts whenever a worker is free",
}
MUTATIONS = {
    "plain": "the engine's own variation",
    "eg": "gradients and an evolution strategy in a supernet propose children too",
}


@dataclass(frozen=True)
class SearchSettings:
    """How to search."""

    algorithm: str = setting("The search engine.", default="evonas", table="algorithms")
    population: int = setting(
        "Trainings per generation.", default=20, unit="trainings", at_least=2
    )
    generations: int = setting(
        "Maximum number of generations.",
        default=unset("4, or what --evaluations takes"),
        unit="generations",
        at_least=1,
    )
    evaluations: int = setting(
        "Maximum number of trainings, replicates included.",
        default=unset("population x generations"),
        unit="trainings",
        at_least=1,
    )
    mode: str = setting("When new candidates are started.", default="generational", choices=MODES)
    seed: int = setting("Seed of everything random except the data split.", default=0, at_least=0)
    replicates: str = setting(
        "Trainings per candidate: a number, or auto, which trains again those that may be on the "
        "front.",
        default="auto",
        example="3",
    )
    confirm: int = setting(
        "After the search: number of fresh trainings that confirm each network that may be on the "
        "front; 0 for none.",
        default=3,
        unit="trainings",
        at_least=0,
    )
    controls: bool = setting(
        "After the search: train the controls of every network on the front, as evonas ablate "
        "does; about 100 trainings per network.",
        default=False,
    )
    mutation: str = setting("How children are made.", default="plain", choices=MUTATIONS)
    eg_without: tuple[str, ...] = setting(
        "With --mutation eg: parts to switch off, among gradient, cma, similarity and score; none "
        "is the form of the paper, with all parts on.",
        default=unset("similarity"),
        example="cma,score",
    )
    signals: tuple[str, ...] = setting(
        "Zero-cost signals for engines with a model: free (parameters and multiply-adds), or "
        "others of docs/signals.md; none for no signals.",
        default=unset("free where all layers have the same rule, else none"),
        example="free,naswot",
    )
    prior_sha256: str | None = setting(
        "Hash of the earlier results that a search begins with; set by --prior.",
        default=None,
    )
    supernet_epochs: int | None = setting(
        "Epochs of the supernet, if one guides the search.",
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
        """Maximum number of trainings."""
        return min(self.evaluations, self.population * self.generations)
