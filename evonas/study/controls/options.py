"""Which controls a network gets, and how often each is trained."""

from dataclasses import dataclass

from evonas.errors import ConfigError, show

REPLICATES = 5
RANDOM = 5
SHUFFLED = 3
ARCHITECTURES = 3
MOST = 10_000  # of anything; a slip of the finger would else fill the memory with orders


@dataclass(frozen=True)
class ControlOptions:
    """Which controls a network gets; its ``bp`` twin and untrained convolutions always.

    Attributes:
        replicates: trainings of the network and of each control.
        rules: the rules that the network is trained under one at a time; those of the run if None.
        random: random assignments of the run's rules.
        shuffled: ways to deal the network's own rules to its layers anew.
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
