"""Feedback segments of rule layers, from which a kernel's table is built."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.feedback import FeedbackSegment
from evonas.rules.kernels.layout import is_channels_last

if TYPE_CHECKING:  # avoids an import cycle: layers hold a wiring, whose cache uses kernels
    from evonas.rules.base import AbstractRule, AbstractRuleLayer


def has_code(rule: "AbstractRule") -> bool:
    """Whether the kernel computes the feedback of this rule; its sigma must be a constant."""
    return rule.name in CODES and (rule.name == "kp" or getattr(rule, "scale", None) != "rms")


def layer_segments(
    layers: Sequence["AbstractRuleLayer"],
    *,
    candidate: int = 0,
    begin: int = 0,
    kept_begin: int = 0,
) -> list[FeedbackSegment]:
    """One segment for each layer, contiguous and in the order of the layers.

    Args:
        layers: connected layers of one candidate, under rules in ``CODES``.
        candidate: index of the candidate in seeds, steps and decays.
        begin: index of the first weight in the flat tensors.
        kept_begin: index of the first kept element, see :func:`kept_differences`.

    Raises:
        RuleError: a rule is not in ``CODES``, or its sigma follows the weights.
    """
    segments = []
    for layer in layers:
        segments.append(
            layer_segment(
                layer, layer.rule, candidate=candidate, begin=begin, kept_begin=kept_begin
            )
        )
        begin += layer.weight.numel()
        kept_begin += layer.weight.numel() if layer.rule.name == "kp" else 0
    return segments


def layer_segment(
    layer: "AbstractRuleLayer",
    rule: "AbstractRule",
    *,
    begin: int,
    kept_begin: int,
    candidate: int = 0,
) -> FeedbackSegment:
    """The segment of one layer that sends by ``rule``.

    Arguments and errors are those of :func:`layer_segments`.
    """
    if not has_code(rule):
        raise RuleError(
            f"layer_segments: expected rules of {', '.join(CODES)}, without scale 'rms', got "
            f"{rule}; call `layer.feedback()` for its feedback"
        )
    weight, scale = layer.weight, getattr(rule, "scale", None)
    taps = weight[0, 0].numel() if is_channels_last(weight) else 1
    return FeedbackSegment(
        begin=begin,
        count=weight.numel(),
        rule=rule.name,
        scale=float(layer.sigma(scale)) if scale not in (None, "rms") else 1.0,
        layer=layer.number,
        candidate=candidate,
        kept_begin=kept_begin,
        row=weight[0].numel() if taps > 1 else 1,
        taps=taps,
    )


def kept_differences(layers: Sequence["AbstractRuleLayer"]) -> Tensor | None:
    """W_0 - B_0 of the layers under `kp`, concatenated: (weights,); None without such a layer.

    Raises:
        RuleError: a layer was connected before it got the rule.
    """
    found = []
    for layer in layers:
        if layer.rule.name == "kp":
            if layer.kept is None:
                raise RuleError(
                    "kept_differences: a layer was connected before it got rule 'kp': call "
                    "`connect(network, seed=...)` again"
                )
            found.append(layer.kept.detach().flatten())
    return torch.cat(found) if found else None
