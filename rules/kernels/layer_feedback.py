"""Feedback of rule layers whose weights share one flat tensor, computed in one launch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor, nn

from evonas.rules.autocast import autocast_dtype
from evonas.rules.kernels.feedback import feedback_table, refresh_feedback, seed_tensor
from evonas.rules.kernels.layer_segments import has_code, kept_differences, layer_segment
from evonas.rules.kernels.layout import is_channels_last

if TYPE_CHECKING:  # avoids an import cycle: layers hold a wiring, whose cache uses this module
    from evonas.rules.base import AbstractRule, AbstractRuleLayer


@final
class LayerFeedback:
    """Computes the feedback of layers that share a wiring with its state in tensors.

    Under autocast the feedback has the autocast dtype, so that no layer has to convert it.

    Args:
        layers: layers whose weights satisfy :func:`is_launchable` and share one storage.
        rules: the rule by which each layer sends.
    """

    def __init__(
        self, layers: Sequence["AbstractRuleLayer"], rules: Sequence["AbstractRule"]
    ) -> None:
        wiring, first = layers[0].connected, layers[0].weight
        segments, kept_begin = [], 0
        for layer, rule in zip(layers, rules, strict=True):
            begin = int(layer.weight.storage_offset())
            segments.append(layer_segment(layer, rule, begin=begin, kept_begin=kept_begin))
            kept_begin += layer.weight.numel() if rule.name == "kp" else 0
        self._weights = [layer.weight for layer in layers]
        self._table = feedback_table(segments, device=first.device)
        self._seeds = seed_tensor([wiring.seed], device=first.device)
        self._steps, self._decays = (
            torch.as_tensor(value, device=first.device).view(1)
            for value in (wiring.step, wiring.decay)
        )
        self._kept = kept_differences(layers)

    def __call__(self) -> list[Tensor]:
        """The current feedback of every layer in new memory, with the strides of its weight."""
        first = self._weights[0].detach()
        size = first.untyped_storage().nbytes() // first.element_size()
        weights = first.as_strided((size,), (1,), 0)
        dtype = autocast_dtype(first.device) or first.dtype
        feedback = torch.empty_like(weights, dtype=dtype)
        refresh_feedback(
            feedback, weights, self._table, seeds=self._seeds, steps=self._steps,
            decays=self._decays, kept=self._kept,
        )  # fmt: skip
        return [
            feedback.as_strided(weight.shape, weight.stride(), weight.storage_offset())
            for weight in self._weights
        ]


def is_launchable(rule: "AbstractRule", weight: Tensor) -> bool:
    """Whether the kernel can compute the feedback of this weight; otherwise the rule does."""
    return (
        has_code(rule)
        and isinstance(weight, nn.Parameter)  # a parametrised weight is a new tensor each time
        and weight.dtype == torch.float32
        and (weight.is_contiguous() or is_channels_last(weight))
    )
