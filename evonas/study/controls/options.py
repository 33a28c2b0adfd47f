"""Which controls a network has, and how often each is trained."""

from dataclasses import dataclass

from evonas.errors import ConfigError, show

REPLICATES = 5
RANDOM = 5
SHUFFLED = 3
ARCHITECTURES = 3
MOST = 10_000  # upper limit: a typing error would otherwise fill the memory with orders


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
        for name, least in (
            ("replicates", 1), ("random", 0), ("shuffled", 0), ("architectures", 0),
        ):  # fmt: skip
            value = getattr(self, name)
            if value < least:
                raise ConfigError(
                    f"{name}: expected a whole number of at least {least}, got {value}"
                )
            if value > MOST:
                raise ConfigError(f"{name}: expected at most {MOST}, got {show(value)}")
