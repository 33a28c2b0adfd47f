"""Flat tensors that hold the values of several layers, to save operations per step."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

if TYPE_CHECKING:  # avoids an import cycle: the layers' cache is built from flat tensors
    from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer

T = TypeVar("T")


def flatten(tensors: Iterable[Tensor]) -> Tensor:
    """The elements of all tensors, concatenated in new memory and without gradient."""
    found = list(tensors)
    with torch.no_grad():
        elements: Tensor = _flatten_dense_tensors(found)
        return elements.clone() if len(found) == 1 else elements  # one tensor gives a view


def split_like_weights(
    elements: Tensor, layers: Sequence["AbstractRuleLayer"]
) -> Sequence[Tensor]:
    """Split ``elements`` (total number of weights,) into views with the shapes of the weights."""
    views: Sequence[Tensor] = _unflatten_dense_tensors(
        elements, [layer.weight for layer in layers]
    )
    return views


def flat_constant(
    rule: "AbstractFeedbackRule",
    layers: Sequence["AbstractRuleLayer"],
    make: Callable[["AbstractRuleLayer"], Tensor],
) -> Tensor:
    """The results of ``make`` for all layers as one flat tensor, computed only once."""
    return constant(rule, layers, lambda: flatten(make(layer) for layer in layers))


def constant(
    rule: "AbstractFeedbackRule", layers: Sequence["AbstractRuleLayer"], make: Callable[[], T]
) -> T:
    """The result of ``make``, computed once per rule, set of layers, dtype and device.

    A rule can have only one such constant for a set of layers.
    """
    weight = layers[0].weight
    numbers = tuple(layer.number for layer in layers)
    return layers[0].connected.remember(
        ("of all", rule, numbers, weight.device, weight.dtype), make
    )
