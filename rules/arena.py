"""The feedback tensors of a network, made together: a few operations a step, not a few a layer.

A layer asks for its feedback in every forward pass. The first layer that asks again since the
last refresh, or whose weight has changed since, refreshes the feedback of all: one flat tensor for
the layers under each rule, from which every layer gets a view. A refresh makes new memory, so
what an earlier forward pass has saved for its backward pass stays as it was.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:  # a wiring holds an arena, and a layer a wiring
    from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer


class _Slot:
    """The feedback of one layer, and of what it was made."""

    def __init__(self, layer: "AbstractRuleLayer", rule: "AbstractFeedbackRule") -> None:
        self.layer = layer
        self.rule = rule
        self.weight = layer.weight
        self.put(rule.feedback(layer))

    def put(self, feedback: Tensor) -> None:
        self.feedback = feedback
        self.moment = self.layer.connected.moment
        self.is_captured = _is_captured(self.weight)
        self.version = self.weight._version
        self.address = self.weight.data_ptr()
        self.is_taken = False


class Arena:
    """The feedback of the layers that have asked for it; copies begin empty."""

    def __init__(self) -> None:
        self._slots: dict[int, _Slot] = {}

    def feedback(
        self, layer: "AbstractRuleLayer", rule: "AbstractFeedbackRule", *, moment: int
    ) -> Tensor:
        """``rule.feedback(layer)`` as it is now, to the bit.

        Asking twice is taken for a new forward pass and refreshes, so that also a change of the
        weight that leaves no trace in its version, as one through ``.data``, is seen.
        """
        slot, weight = self._slots.get(layer.number), layer.weight
        if slot is None or slot.weight is not weight or slot.rule is not rule:
            slot = self._slots[layer.number] = _Slot(layer, rule)
        elif (
            slot.is_taken
            or slot.version != weight._version
            or slot.moment != moment
            or slot.is_captured != _is_captured(weight)
            or slot.address != weight.data_ptr()
        ):
            self._refresh()
        slot.is_taken = True
        return slot.feedback

    def _refresh(self) -> None:
        groups: dict[Hashable, list[_Slot]] = {}
        for slot in self._slots.values():
            key = slot.rule, slot.weight.device, slot.weight.dtype
            groups.setdefault(key, []).append(slot)
        for slots in groups.values():
            made = slots[0].rule.feedbacks([slot.layer for slot in slots])
            for slot, feedback in zip(slots, made, strict=True):
                slot.put(feedback)

    def __getstate__(self) -> dict[str, object]:
        return {"_slots": {}}


def _is_captured(weight: Tensor) -> bool:
    """Whether a CUDA graph is being captured, which must hold the refresh of all it uses."""
    return weight.is_cuda and torch.cuda.is_current_stream_capturing()


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """The elements of all tensors, one after the other, in new memory and without gradient."""
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def shared_out(elements: Tensor, layers: Sequence["AbstractRuleLayer"]) -> list[Tensor]:
    """A view of ``elements`` in the shape of each layer's weight."""
    shapes = [layer.weight.shape for layer in layers]
    pieces = elements.split([shape.numel() for shape in shapes])
    return [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]


def flat_constant(
    rule: "AbstractFeedbackRule",
    layers: Sequence["AbstractRuleLayer"],
    make: Callable[["AbstractRuleLayer"], Tensor],
) -> Tensor:
    """The flat tensor of what ``make`` gives for each layer, made once for these layers."""
    weight = layers[0].weight
    numbers = tuple(layer.number for layer in layers)
    return layers[0].connected.remember(
        ("flat", rule, numbers, weight.device, weight.dtype),
        lambda: flat(make(layer) for layer in layers),
    )
