"""Number and share of the weights of a network that each rule trains."""

from torch import nn

from evonas.rules.base import AbstractRule
from evonas.rules.connect import rule_layers
from evonas.rules.feedback.backprop import Backprop


def weights_by_rule(network: nn.Module) -> dict[str, int]:
    """Number of trainable weights under each rule, keyed by the rule's name.

    A weight is an element of a trainable parameter with two or more dimensions. Biases and the
    affine parameters of a normalisation do not count; the weights of a layer's head do. Weights
    outside rule layers learn by back-propagation and count as ``bp``. A parameter that several
    layers share counts once, for the first of them.
    """
    shares: dict[str, int] = {}
    for rule, count in _counts(network).items():
        shares[rule.name] = shares.get(rule.name, 0) + count
    return shares


def bio_share(network: nn.Module) -> float:
    """Share of the trainable weights under rules that do not transport the weights, in [0, 1].

    Zero for a network without weights.
    """
    counts = _counts(network)
    plausible = sum(count for rule, count in counts.items() if rule.transported != "weights")
    return plausible / max(1, sum(counts.values()))


def _counts(network: nn.Module) -> dict[AbstractRule, int]:
    rules: dict[int, AbstractRule] = {}
    for layer in rule_layers(network).values():
        heads = () if layer.head is None else layer.head.parameters()
        for parameter in (layer.weight, *heads):
            rules.setdefault(id(parameter), layer.rule)
    counts: dict[AbstractRule, int] = {}
    for parameter in network.parameters():
        if parameter.requires_grad and parameter.dim() >= 2:
            rule = rules.get(id(parameter), Backprop())
            counts[rule] = counts.get(rule, 0) + parameter.numel()
    return counts
