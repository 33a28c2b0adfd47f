"""One flat tensor for several layers: a few operations a step, not a few for each layer."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

if TYPE_CHECKING:  # a layer holds a wiring, which holds the cache that is made of flat tensors
    from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer

T = TypeVar("T")


def flatten(tensors: Iterable[Tensor]) -> Tensor:
    """The elements of all tensors, one after the other, in new memory and without gradient."""
    found = list(tensors)
    with torch.no_grad():
        elements: Tensor = _flatten_dense_tensors(found)
        return elements.clone() if len(found) == 1 else elements  # of one tensor it is a view


def split_like_weights(
    elements: Tensor, layers: Sequence["AbstractRuleLayer"]
) -> Sequence[Tensor]:
    """Views of ``elements`` (sum of the layers' weights,), one in the shape of each weight."""
    views: Sequence[Tensor] = _unflatten_dense_tensors(
        elements, [layer.weight for layer in layers]
    )
    return views


def flat_constant(
    rule: "AbstractFeedbackRule",
    layers: Sequence["AbstractRuleLayer"],
    make: Callable[["AbstractRuleLayer"], Tensor],
) -> Tensor:
    """The flat tensor of what ``make`` gives for each layer, made once for these layers."""
    return constant(rule, layers, lambda: flatten(make(layer) for layer in layers))


def constant(
    rule: "AbstractFeedbackRule", layers: Sequence["AbstractRuleLayer"], make: Callable[[], T]
) -> T:
    """What ``make`` gives, made once for this rule and these layers, by dtype and device.

    A rule has one such constant for each set of layers.
    """
    weight = layers[0].weight
    numbers = tuple(layer.number for layer in layers)
    return layers[0].connected.remember(
        ("of all", rule, numbers, weight.device, weight.dtype), make
    )
