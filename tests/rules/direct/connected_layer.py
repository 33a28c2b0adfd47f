"""A convolution under direct feedback alignment, connected to a wiring of its own."""

from typing import Any

from evonas.rules import DirectFeedbackAlignment, RuleConv2d, Wiring, connect
from evonas.rules.direct.direct_feedback_alignment import Norm


def connected(norm: Norm = "none", **options: Any) -> tuple[RuleConv2d, Wiring]:
    rule = DirectFeedbackAlignment(norm=norm)
    layer = RuleConv2d(4, 8, **options, rule=rule).double()
    return layer, connect(layer, seed=3)
