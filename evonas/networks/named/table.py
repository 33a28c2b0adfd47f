"""Table of the named networks, and functions that build them under given rules."""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.networks.build import Network, seeded_network
from evonas.networks.named.fast_cifar import MORE_WIDTHS, fast_cifar_parts
from evonas.networks.named.vgg import vgg8b_parts
from evonas.networks.named.whitening import Whitening
from evonas.networks.resnet import DEPTHS, resnet_parts
from evonas.networks.skeleton import SkeletonParts
from evonas.rules import AbstractRule, rule_layers

NETWORKS: dict[str, Callable[[tuple[int, int, int], int], SkeletonParts]] = {
    **{name: partial(resnet_parts, depth) for name, depth in DEPTHS.items()},
    "vgg8b": vgg8b_parts,
    "fast-cifar10": fast_cifar_parts,
    "fast-cifar10-wide": partial(fast_cifar_parts, widths=MORE_WIDTHS),
    "fast-cifar10-plain": partial(fast_cifar_parts, has_identities=False),
}
"""Functions from image shape and number of classes to the parts of a network, keyed by name.

All layers are under ``bp``.
"""


def build_named(
    name: str,
    *,
    rules: Sequence[AbstractRule],
    input_shape: tuple[int, int, int],
    num_classes: int,
    seed: int,
    mean: Sequence[float] | None = None,
    deviation: Sequence[float] | None = None,
) -> Network:
    """Build a named network; its initial weights do not depend on the rules.

    Args:
        name: a key of ``NETWORKS``.
        rules: one rule for all layers with weights, or one for each layer from the stem to the
            classifier, which uses the ``for_readout`` version of its rule.
        input_shape: channels, height and width of the images.
        num_classes: width of the logits.
        seed: seed of the weights and of the rules' feedback.
        mean: mean of each channel, for the normalisation; 0 by default.
        deviation: standard deviation of each channel, for the normalisation; 1 by default.

    Raises:
        SpaceError: the images are too small.
        RuleError: the number of rules is neither one nor that of the layers.
    """
    return seeded_network(
        lambda: _under_rules(NETWORKS[name](input_shape, num_classes), rules, name=name),
        input_shape=input_shape,
        num_classes=num_classes,
        seed=seed,
        mean=mean,
        deviation=deviation,
    )


def fit_whitening(network: Network, images: Tensor) -> None:
    """Fit the whitening layers of a network to training images, before training.

    Args:
        network: any network; only whitening layers change.
        images: (N, C, H, W), in [0, 1], on the network's device.
    """
    for module in network.modules():
        if isinstance(module, Whitening):
            module.fit((images - network.mean) / network.deviation)


def _under_rules(
    parts: SkeletonParts, rules: Sequence[AbstractRule], *, name: str
) -> SkeletonParts:
    layers = list(rule_layers(nn.ModuleList([*parts.body.values(), parts.head])).values())
    if len(rules) not in (1, len(layers) + 1):
        raise RuleError(
            f"{name}: expected one rule, or one for each of its {len(layers) + 1} layers with "
            f"weights, got {len(rules)}"
        )
    each = list(rules) * (len(layers) + 1) if len(rules) == 1 else list(rules)
    for layer, rule in zip(layers, each, strict=False):
        layer.rule = rule
    parts.classifier.rule = each[len(layers)].for_readout()
    return parts


def has_whitening(network: nn.Module) -> bool:
    """Whether a network has whitening layers, which must be fitted before training."""
    return any(isinstance(module, Whitening) for module in network.modules())
