"""Groups of parameters for an optimiser: some rules learn at a rate of their own.

Their update is no gradient of anything: momentum would run past where it rests, and decay would
pull it away from there.
"""

from typing import Any

from torch import nn

from evonas.rules.connect import rule_layers


def parameter_groups(
    network: nn.Module,
    *,
    learning_rate: float,
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> list[dict[str, Any]]:
    """What ``torch.optim.SGD`` takes in the place of ``network.parameters()``.

    The first group learns by the settings given here. Then follows one group for each own learning
    rate among the rules, with no momentum and no decay. Schedules that multiply, such as torch's,
    keep their ratio.

    Args:
        network: holds any number of rule layers.
        learning_rate: of everything without one of its own.
        momentum: the same.
        weight_decay: the same.
        nesterov: the same.
    """
    own: dict[int, float] = {}
    for layer in rule_layers(network).values():
        rate = layer.rule.own_learning_rate
        if rate is not None:
            own.setdefault(id(layer.weight), rate)
    by_rate: dict[float, list[nn.Parameter]] = {}
    others = []
    for parameter in network.parameters():
        if id(parameter) in own:
            by_rate.setdefault(own[id(parameter)], []).append(parameter)
        else:
            others.append(parameter)
    return [
        {
            "params": others,
            "lr": learning_rate,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        },
        *(
            {"params": group, "lr": rate, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}
            for rate, group in by_rate.items()
        ),
    ]
