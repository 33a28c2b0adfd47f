"""Number the rule layers of a network and give them one shared wiring."""

from torch import nn

from evonas.errors import RuleError
from evonas.rules.base import AbstractRuleLayer, AfterStep
from evonas.rules.wiring import Wiring

SEED_LIMIT = 2**64


def connect(network: nn.Module, *, seed: int, num_classes: int | None = None) -> Wiring:
    """Give the rule layers of ``network`` their numbers, in the order of ``network.modules()``.

    Call it once when the network is built, before training. An auxiliary head with layers under
    direct feedback has its own error: connect it again, after the network, to its own wiring.

    Args:
        network: a module with any number of rule layers; a layer used twice has one number.
        seed: seed in [0, 2**64); with the layer numbers it determines all random feedback.
        num_classes: width of the logits, for rules that train a head for each layer (``local``).

    Returns:
        The wiring that the layers now share.

    Raises:
        RuleError: the seed is out of range.
    """
    if not 0 <= seed < SEED_LIMIT:
        raise RuleError(f"connect: expected a seed in [0, 2**64), got {seed}")
    layers = rule_layers(network)
    wiring = Wiring(
        seed=seed,
        needs_error=any(layer.rule.needs_error for layer in layers.values()),
        needs_weight_decay=any(layer.rule.needs_weight_decay for layer in layers.values()),
    )
    for number, layer in enumerate(layers.values()):
        layer.wiring = wiring
        layer.number = number
        layer.register_buffer("kept", layer.rule.keep(layer), persistent=layer.rule.saves_kept)
        layer.head = layer.rule.grow_head(layer, num_classes=num_classes)
        if layer.rule.acts_after_step:
            wiring.after_step.append(AfterStep(layer.rule, layer))
    return wiring


def rule_layers(network: nn.Module) -> dict[str, AbstractRuleLayer]:
    """The rule layers of a network, keyed by module name; each layer occurs once."""
    return {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, AbstractRuleLayer)
    }


def wirings(network: nn.Module) -> list[Wiring]:
    """The distinct wirings of a network; usually there is one.

    Raises:
        RuleError: a layer is not connected.
    """
    return list(
        {id(layer.connected): layer.connected for layer in rule_layers(network).values()}.values()
    )
