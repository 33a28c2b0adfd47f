"""Cache of the feedback tensors of a network, which are computed together.

A layer reads its feedback in every forward pass. A refresh recomputes the feedback of all layers.
It is triggered by the first layer that reads a second time since the last refresh, or whose weight
has changed since. It computes one flat tensor for the layers under each rule, of which every layer
gets a view, or uses one kernel launch for all rules that have a kernel. A refresh allocates new
memory, so the feedback that an earlier forward pass saved for its backward pass does not change.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from evonas.rules.autocast import autocast_dtype
from evonas.rules.kernels.layer_feedback import LayerFeedback, is_launchable

if TYPE_CHECKING:  # avoids an import cycle: layers hold a wiring, and wirings hold a cache
    from evonas.rules.base import AbstractFeedbackRule, AbstractRuleLayer


class _Entry:
    """The feedback of one layer, and the version and address of the weight it depends on."""

    __slots__ = ("address", "feedback", "layer", "rule", "version", "was_read", "weight")

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
        self.was_read = False


class FeedbackCache:
    """The feedback of the layers that have read it so far; copies start empty.

    Args:
        has_kernels: whether to use kernels, with one launch for all weights in the same storage.
    """

    def __init__(self, *, has_kernels: bool = False) -> None:
        self._has_kernels = has_kernels
        self._entries: dict[int, _Entry] = {}
        self._groups: list[tuple[Callable[[], Sequence[Tensor]], list[_Entry]]] = []
        self._version = 0  # of the last refresh
        self._is_captured = False

    def feedback(
        self, layer: "AbstractRuleLayer", rule: "AbstractFeedbackRule", *, version: int
    ) -> Tensor:
        """The current ``rule.feedback(layer)``, bit-identical and of the weight's shape.

        A second read counts as a new forward pass and triggers a refresh. So even a change of the
        weight that does not increase its version, such as one through ``.data``, takes effect.

        Args:
            layer: a layer of the network.
            rule: the rule by which the layer sends.
            version: version of the wiring, which changes with step and decay.
        """
        entry = self._entries.get(layer.number)
        # costs a quarter of the attribute access layer.weight
        weight: Tensor | None = layer._parameters.get("weight")
        if weight is None:  # parametrised
            weight = layer.weight
        if entry is None or entry.weight is not weight or entry.rule is not rule:
            entry = self._entries[layer.number] = _Entry(layer, rule, weight)
            self._groups.clear()
        elif (
            entry.was_read
            or entry.version != weight._version
            or self._version != version
            or entry.address != weight.data_ptr()
            or (weight.is_cuda and self._is_captured != torch.cuda.is_current_stream_capturing())
        ):
            self._refresh(version)
        entry.was_read = True
        kept = entry.feedback
        if kept.dtype != weight.dtype and kept.dtype != autocast_dtype(weight.device):
            return rule.feedback(layer)  # kernels wrote for autocast, which this layer disables
        return kept

    @torch.no_grad()
    def _refresh(self, version: int) -> None:
        entries = self._entries.values()
        if any(entry.address != entry.weight.data_ptr() for entry in entries):
            self._groups.clear()  # a weight may have moved to another dtype or device
        for make, members in self._groups or self._group():
            for entry, feedback in zip(members, make(), strict=True):
                entry.put(feedback)
        self._version = version
        # a CUDA graph must contain the refresh of all feedback that it reads
        self._is_captured = (
            next(iter(entries)).weight.is_cuda and torch.cuda.is_current_stream_capturing()
        )

    def _group(self) -> list[tuple[Callable[[], Sequence[Tensor]], list[_Entry]]]:
        by_rule: dict[Hashable, list[_Entry]] = {}
        by_memory: dict[int, list[_Entry]] = {}
        for entry in self._entries.values():
            weight = entry.weight
            if self._has_kernels and is_launchable(entry.rule, weight):
                by_memory.setdefault(weight.untyped_storage().data_ptr(), []).append(entry)
            else:
                by_rule.setdefault((entry.rule, weight.device, weight.dtype), []).append(entry)
        self._groups = []
        for members in by_rule.values():
            layers = [entry.layer for entry in members]
            self._groups.append((partial(members[0].rule.feedbacks, layers), members))
        for members in by_memory.values():
            layers, rules = [entry.layer for entry in members], [entry.rule for entry in members]
            self._groups.append((LayerFeedback(layers, rules), members))
        return self._groups

    def __getstate__(self) -> dict[str, object]:
        return FeedbackCache().__dict__
