"""On the classifier, rules that give it to one and the same rule are one."""

from collections.abc import Mapping, Sequence

from evonas.rules.base import AbstractRule


def readout_representatives(
    rules: Mapping[str, type[AbstractRule]], names: Sequence[str]
) -> dict[str, str]:
    """For each rule the first of ``names`` that trains a classifier as it does.

    Args:
        rules: the rules by name.
        names: those that can be chosen, in their order.
    """
    trains = {name: rules[name]().for_readout() for name in names}
    return {
        name: next(other for other in names if trains[other] == trains[name]) for name in names
    }
