"""Groups of rules that train a first layer, which sends no signal, identically."""

from collections.abc import Mapping, Sequence

from evonas.rules.base import AbstractRule


def first_layer_representatives(
    rules: Mapping[str, type[AbstractRule]], names: Sequence[str]
) -> dict[str, str]:
    """For each rule, the representative of all rules that train a first layer identically.

    It is the first rule of the group that does not transport the weights, because a first layer
    never transports them, or the first rule if all of them do.

    Args:
        rules: the rules, keyed by name.
        names: names of the rules to choose from, in order.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        rule = rules[name]
        groups.setdefault(rule.updates_first or rule.updates, []).append(name)
    representatives: dict[str, str] = {}
    for group in groups.values():
        plausible = [name for name in group if rules[name].transports != "weights"]
        representatives |= dict.fromkeys(group, (plausible or group)[0])
    return representatives
