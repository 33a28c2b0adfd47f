"""Oracles: the rules' own feedback, to the bit, and the reference in ATen."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from evonas.rules import RULES, RuleConv2d, connect
from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.feedback import FeedbackSegment, feedback_table, reference, seed_tensor

pytest.importorskip("triton", reason="the kernels are Triton's")
from evonas.rules.kernels.device.feedback import refresh

pytestmark = pytest.mark.kernels

SIZES = [(3, 2, 3, 3), (4, 1, 5, 5), (7, 3, 1, 1), (8, 15, 3, 3)]  # 54, 100, 21, 1080 weights


def both(
    segments: list[FeedbackSegment], weights: Tensor, seeds: Tensor, steps: Tensor, *,
    device: torch.device, decays: Tensor, kept: Tensor, dtype: torch.dtype = torch.float32,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Outputs of kernel and reference, written into tensors filled with 7."""
    found = torch.full_like(weights, 7.0, dtype=dtype, device=device)
    expected = torch.full_like(weights, 7.0, dtype=dtype)
    for run, to, out in ((refresh, device, found), (reference, "cpu", expected)):
        table = feedback_table(segments, device=to)
        run(
            out, weights.to(to), kept.to(to), table.segments, table.scales, table.blocks,
            seeds.to(to), steps.to(to), decays.to(to),
        )  # fmt: skip
    return found.cpu(), expected


@pytest.mark.parametrize("step", [0, 3])
@pytest.mark.parametrize("name", sorted(CODES))
def test_kernel_feedback_is_bit_identical_to_rule(
    name: str, step: int, device: torch.device
) -> None:
    seed = 2**63 + 2**40 + 11
    layers = [RuleConv2d(i * (o if i == 1 else 1), o, k, groups=o if i == 1 else 1,
                         rule=RULES[name]()) for o, i, k, _ in SIZES]  # fmt: skip
    wiring = connect(nn.Sequential(*layers), seed=seed)
    with torch.no_grad():
        for layer in layers:
            layer.weight[0] = 0.0  # a weight of zero
            layer.weight.mul_(1.5)  # kp: the weight has moved on from W_0
    for _ in range(step):
        wiring.advance(learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    counts = [layer.weight.numel() for layer in layers]
    begins = [sum(counts[:i]) for i in range(len(counts))]
    segments = [
        FeedbackSegment(
            begin, count, name, float(layer.sigma("initial")), layer.number, kept_begin=begin
        )
        for layer, begin, count in zip(layers, begins, counts, strict=True)
    ]
    weights = torch.cat([layer.weight.detach().flatten() for layer in layers])
    kept = weights if name != "kp" else torch.cat([x.kept.flatten() for x in layers])  # type: ignore[union-attr]
    decays = torch.tensor([wiring.decay])
    found, _ = both(
        segments, weights, seed_tensor([seed]), torch.tensor([step]), device=device,
        decays=decays, kept=kept,
    )  # fmt: skip
    expected = torch.cat([layer.feedback().flatten() for layer in layers])
    assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_kernel_with_mixed_rules_and_candidates_matches_reference(
    dtype: torch.dtype, device: torch.device, generator: torch.Generator
) -> None:
    weights = torch.randn(1500, generator=generator)
    weights[::7] = 0.0
    kept = torch.randn(60, generator=generator)
    segments = [
        FeedbackSegment(10, 108, "brsf", 0.5, layer=2, candidate=1, row=27, taps=9),
        FeedbackSegment(119, 0, "fa", 0.5, layer=3),  # empty
        FeedbackSegment(120, 50, "kp", candidate=1, kept_begin=5, row=25, taps=5),
        FeedbackSegment(170, 1025, "fa", 0.25, layer=2**31 + 5),  # one more than a block
        FeedbackSegment(1200, 3, "frsf", 2.0, layer=7, candidate=1),
        FeedbackSegment(1203, 5, "usf", 0.1),
        FeedbackSegment(1300, 200, "bp"),
    ]
    seeds, steps = seed_tensor([5, 2**64 - 1]), torch.tensor([4, 2**32 - 1])
    decays = torch.tensor([0.5, 0.25])
    found, expected = both(
        segments, weights, seeds, steps, device=device, decays=decays, kept=kept, dtype=dtype
    )
    # the interpreter truncates to bfloat16 where ATen rounds: one unit in the last place
    assert torch.allclose(found, expected, rtol=0.0 if dtype == torch.float32 else 2**-7, atol=0)
    untouched = torch.ones(1500, dtype=torch.bool)
    for segment in segments:
        untouched[segment.begin : segment.begin + segment.count] = False
    assert (found[untouched] == 7.0).all()
    assert (found[~untouched] != 7.0).all()


def test_different_seeds_or_steps_draw_different_feedback(device: torch.device) -> None:
    weights = torch.ones(64)
    one = FeedbackSegment(0, 32, "brsf", layer=1)
    two = replace(one, begin=32, candidate=1)
    for seed, step in ((9, 8), (8, 9)):
        seeds, steps = torch.tensor([8, seed]), torch.tensor([8, step])
        found, _ = both(
            [one, two], weights, seeds, steps, device=device, decays=torch.ones(2), kept=weights
        )
        assert (found[:32] == found[32:]).sum() == 0


def test_empty_table_leaves_output_untouched(device: torch.device) -> None:
    found, _ = both([], torch.ones(4), seed_tensor([0]), torch.zeros(1), device=device,
                    decays=torch.ones(1), kept=torch.ones(1))  # fmt: skip
    assert (found == 7.0).all()
