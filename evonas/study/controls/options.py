"""Which controls a network has, and how often each is trained."""

from dataclasses import dataclass

from evonas.settings.counts import check_count

REPLICATES = 5
RANDOM = 5
SHUFFLED = 3
ARCHITECTURES = 3


@dataclass(frozen=True)
class ControlOptions:
    """Which controls a network has, besides its ``bp`` twin and untrained convolutions.

    Attributes:
        replicates: trainings of the network and of each control.
        rules: single rules to train the whole network under; those of the run if None.
        random: random assignments of the run's rules.
        shuffled: random reassignments of the network's own rules to its layers.
        architectures: random architectures with the network's share of rules.
        networks: names of ``evonas.networks.resnet.DEPTHS``.
        network_rules: rules that each of these is trained under.

    Raises:
        ConfigError: a number is out of range.
    """

    replicates: int = REPLICATES
    rules: tuple[str, ...] | None = None
    random: int = RANDOM
    shuffled: int = SHUFFLED
    architectures: int = ARCHITECTURES
    networks: tuple[str, ...] = ()
    network_rules: tuple[str, ...] = ("bp",)

    def __post_init__(self) -> None:
        check_count("replicates", self.replicates, at_least=1)
        for name in ("random", "shuffled", "architectures"):
            check_count(name, getattr(self, name), at_least=0)
