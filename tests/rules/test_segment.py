"""Oracle: ``nn.Sequential``, which a segment equals for every rule of a single layer."""

import pytest
import torch
from torch import Tensor, nn

from evonas.rules import RULES, AbstractRule, AbstractSegmentRule, RuleConv2d, Segment, connect


def modules(*rules: AbstractRule) -> list[nn.Module]:
    """Twice ReLU, depthwise, pointwise, normalisation; always with the same weights."""
    torch.manual_seed(0)
    first, second = rules if len(rules) == 2 else rules * 2
    made: list[nn.Module] = []
    for depthwise, pointwise in ((first, second), (second, first)):
        made += [
            nn.ReLU(),
            RuleConv2d(4, 4, 3, padding=1, groups=4, bias=False, rule=depthwise),
            RuleConv2d(4, 4, 1, bias=False, rule=pointwise),
            nn.BatchNorm2d(4),
        ]
    return made


def kinds(segment: Segment) -> list[list[str]]:
    return [[type(module).__name__ for module in stage] for stage in segment.stages]


def test_stage_starts_with_activation_and_ends_with_normalisation() -> None:
    assert kinds(Segment(*modules(RULES["pc"]()))) == [
        ["ReLU", "RuleConv2d"], ["RuleConv2d", "BatchNorm2d"],
        ["ReLU", "RuleConv2d"], ["RuleConv2d", "BatchNorm2d"],
    ]  # fmt: skip


def test_modules_after_last_layer_join_its_stage() -> None:
    segment = Segment(*modules(RULES["pc"]())[:3], nn.Tanh(), nn.AvgPool2d(2))
    assert kinds(segment)[-1] == ["RuleConv2d", "Tanh", "AvgPool2d"]
    assert kinds(Segment(nn.ReLU(), nn.BatchNorm2d(2))) == [["ReLU", "BatchNorm2d"]]


def passes(network: nn.Sequential) -> list[Tensor]:
    """Outputs, and the gradients of the input and of every parameter."""
    wiring = connect(network, seed=1)
    x = torch.randn(3, 4, 5, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    wiring.aim(torch.tensor([0, 1, 2]))
    outputs = network(x)
    wiring.watch(outputs.mean((2, 3)))
    tensors = (x, *network.parameters())
    return [outputs, *torch.autograd.grad(outputs.square().sum(), tensors)]


def test_segment_equals_sequential_for_single_layer_rules(rule: AbstractRule) -> None:
    if isinstance(rule, AbstractSegmentRule):
        pytest.skip("takes segments, see test_predictive_coding_segments.py")
    segment, sequence = Segment(*modules(rule)), nn.Sequential(*modules(rule))
    assert list(segment.state_dict()) == list(sequence.state_dict())
    if rule.needs_error:
        pytest.skip("no logits here")
    for ours, torchs in zip(passes(segment), passes(sequence), strict=True):
        assert torch.equal(ours, torchs)


def test_segment_of_mixed_rules_equals_sequential() -> None:
    rules = RULES["pc"](), RULES["usf"]()
    ours, torchs = passes(Segment(*modules(*rules))), passes(nn.Sequential(*modules(*rules)))
    for one, other in zip(ours, torchs, strict=True):
        assert torch.equal(one, other)
