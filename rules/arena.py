"""The feedback tensors of a network, made together: a few operations a step, not a few a layer.

A layer asks for its feedback in every forward pass. The first layer that asks again since the
last refresh, or whose weight has changed since, refreshes the feedback of all: one flat tensor for
the layers under each rule, from which every layer gets a view, or one launch of a kernel for all
rules that have one. A refresh makes new memory, so what an earlier forward pass has saved for its
backward pass stays as it was.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor
from torch._utils import _flatten_dense_tensors, _unflatten_dense_tensors

from evonas.rules.kernels.layer_feedback import LayerFeedback, is_launchable

if TYPE_CHECKING:  # a wiring holds an arena, and a layer a wiring
    from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer

T = TypeVar("T")


class _Slot:
    """The feedback of one layer, and of what it was made."""

    __slots__ = ("address", "feedback", "is_taken", "layer", "rule", "version", "weight")

    def __init__(
        self, layer: "AbstractRuleLayer", rule: "AbstractFeedbackRule", weight: Tensor
    ) -> None:
        self.layer = layer
        self.rule = rule
        self.weight = weight
        self.put(rule.feedback(layer))

    def put(self, feedback: Tensor) -> None:
        self.feedback = feedback
        self.version = self.weight._version
        self.address = self.weight.data_ptr()
        self.is_taken = False


class Arena:
    """The feedback of the layers that have asked for it; copies begin empty.

    Args:
        has_kernels: whether one launch makes what it can, of weights that share a memory.
    """

    def __init__(self, *, has_kernels: bool = False) -> None:
        self._has_kernels = has_kernels
        self._slots: dict[int, _Slot] = {}
        self._groups: list[tuple[Callable[[], Sequence[Tensor]], list[_Slot]]] = []
        self._moment = 0  # of the last refresh
        self._is_captured = False

    def feedback(
        self, layer: "AbstractRuleLayer", rule: "AbstractFeedbackRule", *, moment: int
    ) -> Tensor:
        """``rule.feedback(layer)`` as it is now, to the bit.

        Asking twice is taken for a new forward pass and refreshes, so that also a change of the
        weight that leaves no trace in its version, as one through ``.data``, is seen.
        """
        slot = self._slots.get(layer.number)
        # at a quarter of the cost of layer.weight
        weight: Tensor | None = layer._parameters.get("weight")
        if weight is None:  # parametrised
            weight = layer.weight
        if slot is None or slot.weight is not weight or slot.rule is not rule:
            slot = self._slots[layer.number] = _Slot(layer, rule, weight)
            self._groups.clear()
        elif (
            slot.is_taken
            or slot.version != weight._version
            or self._moment != moment
            or slot.address != weight.data_ptr()
            or (weight.is_cuda and self._is_captured != torch.cuda.is_current_stream_capturing())
        ):
            self._refresh(moment)
        slot.is_taken = True
        return slot.feedback

    @torch.no_grad()
    def _refresh(self, moment: int) -> None:
        slots = self._slots.values()
        if any(slot.address != slot.weight.data_ptr() for slot in slots):
            self._groups.clear()  # a weight may be of another type, or on another device
        for make, members in self._groups or self._group():
            for slot, feedback in zip(members, make(), strict=True):
                slot.put(feedback)
        self._moment = moment
        # a CUDA graph must hold the refresh of all that it uses
        self._is_captured = (
            next(iter(slots)).weight.is_cuda and torch.cuda.is_current_stream_capturing()
        )

    def _group(self) -> list[tuple[Callable[[], Sequence[Tensor]], list[_Slot]]]:
        by_rule: dict[Hashable, list[_Slot]] = {}
        by_memory: dict[int, list[_Slot]] = {}
        for slot in self._slots.values():
            weight = slot.weight
            if self._has_kernels and is_launchable(slot.rule, weight):
                by_memory.setdefault(weight.untyped_storage().data_ptr(), []).append(slot)
            else:
                by_rule.setdefault((slot.rule, weight.device, weight.dtype), []).append(slot)
        self._groups = []
        for members in by_rule.values():
            layers = [slot.layer for slot in members]
            self._groups.append((partial(members[0].rule.feedbacks, layers), members))
        for members in by_memory.values():
            layers, rules = [slot.layer for slot in members], [slot.rule for slot in members]
            self._groups.append((LayerFeedback(layers, rules), members))
        return self._groups

    def __getstate__(self) -> dict[str, object]:
        return Arena().__dict__


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """The elements of all tensors, one after the other, in new memory and without gradient."""
    found = list(tensors)
    with torch.no_grad():
        elements: Tensor = _flatten_dense_tensors(found)
        return elements.clone() if len(found) == 1 else elements  # a view, of one


def shared_out(elements: Tensor, layers: Sequence["AbstractRuleLayer"]) -> Sequence[Tensor]:
    """A view of ``elements`` in the shape of each layer's weight."""
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
    return made_once(rule, layers, lambda: flat(make(layer) for layer in layers))


def made_once(
    rule: "AbstractFeedbackRule", layers: Sequence["AbstractRuleLayer"], make: Callable[[], T]
) -> T:
    """The one thing that a rule keeps for these layers, of their present type and device."""
    weight = layers[0].weight
    numbers = tuple(layer.number for layer in layers)
    return layers[0].connected.remember(
        ("of all", rule, numbers, weight.device, weight.dtype), make
    )
