"""The feedback table of rule layers: from the layers of networks to the rows of a kernel."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from evonas.errors import RuleError
from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.feedback import FeedbackSegment

if TYPE_CHECKING:  # the arena of a wiring may use a kernel, and a layer has a wiring
    from evonas.rules.base import AbstractRuleLayer


def layer_segments(
    layers: Sequence["AbstractRuleLayer"],
    *,
    candidate: int = 0,
    begin: int = 0,
    kept_begin: int = 0,
) -> list[FeedbackSegment]:
    """One segment a layer, side by side in the order of the layers.

    Args:
        layers: of one candidate, connected, under rules that are in ``CODES``.
        candidate: their candidate's place in seeds, steps and decays.
        begin: place of the first weight in the flat tensors.
        kept_begin: place of the first kept element, see :func:`kept_differences`.

    Raises:
        RuleError: a rule sends otherwise than through a tensor, or its sigma follows the weights.
    """
    segments = []
    for layer in layers:
        name, count = layer.rule.name, layer.weight.numel()
        scale = getattr(layer.rule, "scale", None)
        if name not in CODES or (scale == "rms" and name != "kp"):
            raise RuleError(
                f"layer_segments: expected rules of {', '.join(CODES)}, without scale 'rms', got "
                f"{layer.rule}; its layer makes its own feedback, `layer.feedback()`"
            )
        number = float(layer.sigma(scale)) if scale not in (None, "rms") else 1.0
        segments.append(
            FeedbackSegment(begin, count, name, number, layer.number, candidate, kept_begin)
        )
        begin += count
        kept_begin += count if name == "kp" else 0
    return segments


def kept_differences(layers: Sequence["AbstractRuleLayer"]) -> Tensor | None:
    """W_0 - B_0 of the layers under `kp`, side by side; None without such a layer.

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
