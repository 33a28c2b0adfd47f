"""Groups of rules that train a classifier identically, by their ``for_readout`` rule."""

from collections.abc import Mapping, Sequence

from evonas.rules.base import AbstractRule


def readout_representatives(
    rules: Mapping[str, type[AbstractRule]], names: Sequence[str]
) -> dict[str, str]:
    """For each rule, the first of ``names`` that trains a classifier identically.

    Args:
        rules: the rules, keyed by name.
        names: names of the rules to choose from, in order.
    """
    trains = {name: rules[name]().for_readout() for name in names}
    return {
        name: next(other for other in names if trains[other] == trains[name]) for name in names
    }
