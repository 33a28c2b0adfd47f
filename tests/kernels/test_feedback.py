"""Oracles: the rules' own feedback; torch's checks of an operator."""

import pytest
import torch
from torch import nn

from evonas.errors import RuleError, UnknownNameError
from evonas.rules import RULES, RuleConv2d, RuleLinear, connect
from evonas.rules.kernels import FeedbackSegment, feedback_table, refresh_feedback, seed_tensor
from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.feedback import refresh_op


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", sorted(CODES))
def test_reference_feedback_equals_rule_feedback(name: str, dtype: torch.dtype) -> None:
    first = RuleConv2d(3, 5, 3, rule=RULES[name](), dtype=dtype)
    second = RuleLinear(7, 6, rule=RULES[name](), dtype=dtype)
    wiring = connect(nn.Sequential(first, second), seed=2**64 - 3)
    with torch.no_grad():
        second.weight.mul_(0.5)[0] = 0.0
    for _ in range(2):
        wiring.advance(learning_rate=0.1, weight_decay=0.1)
    segments = [
        FeedbackSegment(0, 135, name, float(first.sigma("initial")), first.number),
        FeedbackSegment(
            140, 42, name, float(second.sigma("initial")), second.number, kept_begin=135
        ),
    ]
    weights, kept = torch.zeros(190, dtype=dtype), torch.zeros(177, dtype=dtype)
    weights[:135], weights[140:182] = first.weight.flatten(), second.weight.flatten()
    if first.kept is not None and second.kept is not None:
        kept = torch.cat([first.kept.flatten(), second.kept.flatten()])
    found = torch.zeros(190, dtype=dtype)
    refresh_feedback(
        found, weights, feedback_table(segments), seeds=seed_tensor([2**64 - 3]),
        steps=torch.tensor([2]),
        decays=torch.tensor([wiring.decay], dtype=torch.float64), kept=kept,
    )  # fmt: skip
    # sigma is float32 in the table
    tolerance = 0.0 if dtype == torch.float32 else 1e-7
    for layer, begin in ((first, 0), (second, 140)):
        made = found[begin : begin + layer.weight.numel()].view_as(layer.weight)
        torch.testing.assert_close(made, layer.feedback(), rtol=tolerance, atol=0.0)
    assert (found[135:140] == 0.0).all()


def test_operator_passes_torch_opcheck() -> None:
    table = feedback_table([FeedbackSegment(0, 9, "frsf"), FeedbackSegment(9, 3, "kp")])
    weights = torch.randn(12)
    torch.library.opcheck(
        refresh_op,
        (torch.empty(12), weights, weights, table.segments, table.scales, table.blocks,
         seed_tensor([1]), torch.tensor([2]), torch.ones(1)),
    )  # fmt: skip


def test_rule_without_feedback_weights_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match="unknown rule 'dfa'"):
        feedback_table([FeedbackSegment(0, 9, "dfa")])


def test_tensors_of_unequal_size_are_rejected() -> None:
    with pytest.raises(RuleError, match=r"one size, got \(3,\) and \(4,\)"):
        refresh_feedback(
            torch.empty(4), torch.ones(3), feedback_table([]),
            seeds=seed_tensor([0]), steps=torch.zeros(1),
            decays=torch.ones(1),
        )  # fmt: skip
