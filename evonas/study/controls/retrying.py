"""Find controls that were lost to a cause outside the network, and options that plan them."""

from collections.abc import Mapping, Sequence

from evonas.evaluation.record import Evaluation
from evonas.study.controls.names import (
    ARCHITECTURE,
    GROUPS,
    NETWORK,
    RANDOM,
    SHUFFLED,
    TWIN,
    UNTRAINED,
    group_of,
    single_rule,
)
from evonas.study.controls.options import ControlOptions


def lost_trainings(trainings: Mapping[str, Sequence[Evaluation]]) -> list[tuple[str, int]]:
    """Control and replicate of each lost training, except the network's own.

    Args:
        trainings: trainings of one network, by control.
    """
    return [
        (name, each.replicate)
        for name, some in trainings.items()
        for each in some
        if name != NETWORK and each.is_lost_from_outside
    ]


def options_with(names: Sequence[str]) -> ControlOptions:
    """Options that include at least these controls.

    Args:
        names: names of controls, as in the journal.
    """
    most = {
        group: max((int(n.rpartition(" ")[2]) for n in names if group_of(n) == group), default=0)
        for group in GROUPS
    }
    others = [n for n in names if group_of(n) not in (*GROUPS, TWIN, UNTRAINED)]
    is_single = {n: n == single_rule(n.rpartition(" ")[2]) for n in others}
    elsewhere = [n.rpartition(" ") for n in others if not is_single[n]]
    return ControlOptions(
        rules=tuple(n.rpartition(" ")[2] for n in others if is_single[n]) or None,
        random=most[RANDOM],
        shuffled=most[SHUFFLED],
        architectures=most[ARCHITECTURE],
        networks=tuple(dict.fromkeys(network for network, _, _ in elsewhere)),
        network_rules=tuple(dict.fromkeys(rule for _, _, rule in elsewhere)),
    )
