"""Convert any torch network into one that learns by rules, without changing the original."""

import copy
from collections.abc import Mapping
from typing import Any

from torch import nn

from evonas.errors import RuleError
from evonas.registry import suggestion
from evonas.rules.base import AbstractRule
from evonas.rules.connect import connect
from evonas.rules.feedback.backprop import Backprop
from evonas.rules.layers import RuleConv2d, RuleLinear

CONVERTIBLE = (nn.Conv2d, RuleConv2d, nn.Linear, RuleLinear)


def convert(
    network: nn.Module,
    rules: AbstractRule | Mapping[str, AbstractRule],
    *,
    seed: int,
    num_classes: int | None = None,
) -> nn.Module:
    """A copy of ``network`` that learns by rules, and shares its parameters and buffers.

    Every ``nn.Conv2d`` and ``nn.Linear`` becomes a rule layer. Their subclasses and other layers
    with weights have their own forward pass and keep back-propagation; ``weights_by_rule`` counts
    their weights. The copy is connected: ``wirings(copy)`` gives the wiring for the training loop.

    Args:
        network: any module; not changed.
        rules: one rule for all layers, or rules keyed by layer name; other layers get
            back-propagation.
        seed: seed of the feedback, see :func:`evonas.rules.connect`.
        num_classes: width of the logits, see :func:`evonas.rules.connect`.

    Raises:
        RuleError: a name belongs to no layer that can have a rule, or the seed is out of range.
    """
    shared = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    twin = copy.deepcopy(network, memo=dict(shared))
    found = {name: module for name, module in twin.named_modules() if type(module) in CONVERTIBLE}
    by_name = dict.fromkeys(found, rules) if isinstance(rules, AbstractRule) else dict(rules)
    for name in by_name:
        if name not in found:
            raise RuleError(
                f"convert: no nn.Conv2d or nn.Linear is called '{name}'"
                f"{suggestion(name, found)} (known: {', '.join(found) or 'none'})"
            )
    for name, module in found.items():
        replacement = _under_rule(module, by_name.get(name, Backprop()))
        if not name:
            twin = replacement
        else:
            twin.set_submodule(name, replacement)
    connect(twin, seed=seed, num_classes=num_classes)
    return twin


def _under_rule(module: nn.Module, rule: AbstractRule) -> RuleConv2d | RuleLinear:
    """A rule layer with the parameters of ``module``; allocates and initialises nothing."""
    layer: RuleConv2d | RuleLinear
    if isinstance(module, nn.Conv2d):
        of: Any = module  # torch types its geometry as tuples of any length
        layer = RuleConv2d(
            of.in_channels, of.out_channels, of.kernel_size, of.stride, of.padding, of.dilation,
            of.groups, of.bias is not None, of.padding_mode, device="meta", rule=rule,
        )  # fmt: skip
    elif isinstance(module, nn.Linear):
        layer = RuleLinear(
            module.in_features,
            module.out_features,
            module.bias is not None,
            device="meta",
            rule=rule,
        )
    else:
        raise TypeError(f"{type(module).__name__} is in CONVERTIBLE, and nothing converts it")
    layer.weight, layer.bias = module.weight, module.bias
    layer.train(module.training)
    return layer
