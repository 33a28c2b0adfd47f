"""Optimiser parameter groups for rules with their own learning rate.

The update of such a rule is not a gradient: momentum would overshoot its fixed point, and weight
decay would shift it.
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
    bias_rate: float = 1.0,
) -> list[dict[str, Any]]:
    """Parameter groups for ``torch.optim.SGD``, instead of ``network.parameters()``.

    The first group has the settings given here. It is followed by one of the biases, if they have
    a rate of their own, and by one for each distinct learning rate of the rules, without momentum
    and decay. Multiplicative schedules, such as torch's, keep the ratio of the rates.

    Args:
        network: a network with any number of rule layers.
        learning_rate: learning rate of all parameters without their own learning rate.
        momentum: momentum of these parameters.
        weight_decay: weight decay of these parameters.
        nesterov: whether their momentum is Nesterov's.
        bias_rate: factor on the learning rate of biases. Their weight decay is divided by it, so
            that they shrink as fast as the weights (Keller Jordan 2024, arXiv 2404.00498, with
            64).
    """
    own: dict[int, float] = {}
    for layer in rule_layers(network).values():
        rate = layer.rule.own_learning_rate
        if rate is not None:
            own.setdefault(id(layer.weight), rate)
    by_rate: dict[float, list[nn.Parameter]] = {}
    others, biases = [], []
    for name, parameter in network.named_parameters():
        if id(parameter) in own:
            by_rate.setdefault(own[id(parameter)], []).append(parameter)
        elif bias_rate != 1.0 and name.rpartition(".")[2] == "bias":
            biases.append(parameter)
        else:
            others.append(parameter)
    common = {"momentum": momentum, "nesterov": nesterov}
    groups = [{"params": others, "lr": learning_rate, "weight_decay": weight_decay, **common}]
    if biases:
        rate, decay = learning_rate * bias_rate, weight_decay / bias_rate
        groups.append({"params": biases, "lr": rate, "weight_decay": decay, **common})
    groups += [
        {"params": group, "lr": rate, "momentum": 0.0, "weight_decay": 0.0, "nesterov": False}
        for rate, group in by_rate.items()
    ]
    return groups
