"""Oracle: the feedback that each layer computes by itself."""

import pytest
import torch
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import RULES, KolenPollack, RuleConv2d, RuleLinear, UniformSign, connect
from evonas.rules.kernels import (
    feedback_table,
    kept_differences,
    layer_segments,
    refresh_feedback,
    seed_tensor,
)
from evonas.rules.kernels.codes import CODES


def in_memory_order(tensor: Tensor) -> Tensor:
    return tensor.as_strided((tensor.numel(),), (1,))


def test_one_refresh_covers_two_networks_under_mixed_rules() -> None:
    seeds, networks, wirings = [3, 2**64 - 1], [], []
    for seed in seeds:
        layers = [RuleConv2d(3, 4, 3, rule=RULES[name]()) for name in sorted(CODES)]
        layers.append(RuleConv2d(3, 4, 3, rule=KolenPollack(scale="rms")))
        layers.append(RuleConv2d(4, 4, 5, groups=4, rule=UniformSign(scale="biotorch")))
        for name in ("frsf", "kp"):
            layers.append(RuleConv2d(3, 4, 3, rule=RULES[name]()))
            layers[-1].to(memory_format=torch.channels_last)
        networks.append([*layers, RuleLinear(5, 3, rule=RULES["brsf"]())])
        wirings.append(connect(nn.Sequential(*networks[-1]), seed=seed))
    for wiring, steps in zip(wirings, (2, 5), strict=True):
        for _ in range(steps):
            wiring.advance(learning_rate=0.1, weight_decay=0.05)
    segments, kept, begin, kept_begin = [], [], 0, 0
    for candidate, network in enumerate(networks):
        segments += layer_segments(
            network, candidate=candidate, begin=begin, kept_begin=kept_begin
        )
        begin = segments[-1].begin + segments[-1].count
        differences = kept_differences(network)
        assert differences is not None
        kept.append(differences)
        kept_begin += differences.numel()
    every = [layer for layers in networks for layer in layers]
    weights = torch.cat([in_memory_order(layer.weight.detach()) for layer in every])
    feedback = torch.empty_like(weights)
    refresh_feedback(
        feedback, weights, feedback_table(segments), seeds=seed_tensor(seeds),
        steps=torch.tensor([2, 5]), kept=torch.cat(kept),
        decays=torch.tensor([wiring.decay for wiring in wirings], dtype=torch.float64),
    )  # fmt: skip
    expected = torch.cat(
        [in_memory_order(layer.feedback().view_as(layer.weight)) for layer in every]
    )
    assert torch.equal(feedback, expected)


def test_layers_unsupported_by_tables_are_rejected() -> None:
    for rule in (RULES["dfa"](), UniformSign(scale="rms")):
        layer = RuleLinear(2, 2, rule=rule)
        connect(layer, seed=0)
        with pytest.raises(RuleError, match="layer_segments: expected rules of bp, fa"):
            layer_segments([layer])
    with pytest.raises(RuleError, match="connected before it got rule 'kp'"):
        kept_differences([RuleLinear(2, 2, rule=RULES["kp"]())])
    assert kept_differences([RuleLinear(2, 2, rule=RULES["bp"]())]) is None
