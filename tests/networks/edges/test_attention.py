"""Self-attention compared with torch's, and its invariances."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from evonas.evaluation.energy.part_work import backward, forward
from evonas.evaluation.energy.trace import PartUse, trace
from evonas.evaluation.energy.work import Work
from evonas.networks.edges.attention import SelfAttention
from evonas.networks.style import Style
from evonas.rules import RULES, connect, rule_layers

IMAGES = torch.randn(2, 8, 5, 6, generator=torch.Generator().manual_seed(0)).double()


def attention(
    *,
    heads: int = 2,
    stride: int = 1,
    out_channels: int = 8,
    norm: str = "batch",
    rule: str = "bp",
) -> SelfAttention:
    made = SelfAttention(
        8, out_channels, heads=heads, stride=stride, rule=RULES[rule](),
        style=Style(normalisation=norm),
    )  # fmt: skip
    connect(made, seed=0, num_classes=3)
    return made.double()


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_outputs_match_torch_multihead_attention(heads: int) -> None:
    ours = attention(heads=heads, norm="none")
    theirs = nn.MultiheadAttention(8, heads, batch_first=True).double()
    joint, out = ours.queries_keys_values, ours.projection
    assert joint.bias is not None
    assert out.bias is not None
    with torch.no_grad():
        theirs.in_proj_weight.copy_(joint.weight[:, :, 0, 0])
        theirs.in_proj_bias.copy_(joint.bias)
        theirs.out_proj.weight.copy_(out.weight[:, :, 0, 0])
        theirs.out_proj.bias.copy_(out.bias)
    rows = IMAGES.flatten(2).transpose(1, 2)  # (N, pixels, C)
    expected = theirs(rows, rows, rows)[0].transpose(1, 2).reshape(IMAGES.shape)
    torch.testing.assert_close(ours(IMAGES), expected)


def test_attention_is_equivariant_to_image_flip() -> None:
    made = attention().eval()
    torch.testing.assert_close(made(IMAGES.flip(3)), made(IMAGES).flip(3))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("out_channels", [8, 12])
def test_multiply_adds_are_half_of_torch_flops(stride: int, out_channels: int) -> None:
    made = attention(stride=stride, out_channels=out_channels).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        outputs = made(IMAGES[:1])
    assert outputs.shape == (1, out_channels, -(-5 // stride), -(-6 // stride))
    assert made.multiply_adds(height=5, width=6) == counter.get_total_flops() // 2


def test_only_projections_carry_the_rule() -> None:
    layers = rule_layers(attention(rule="fa"))
    assert list(layers) == ["queries_keys_values", "projection"]
    assert all(layer.rule.name == "fa" for layer in layers.values())


def test_work_between_projections_matches_hand_count() -> None:
    parts = trace(attention(heads=2).float(), input_shape=(8, 5, 6)).parts
    (part,) = [each for each in parts if each.kind == "attention"]
    pixels, scores = 30, 2 * 30 * 30
    assert part == PartUse(
        "attention", 3 * 8 * pixels, 8 * pixels, pixels, channels=scores, is_passed_back=True
    )
    # scores: 8 products for each of 30 x 30, over both heads; values the same
    products = 2 * 8 * pixels * pixels
    assert forward(part, batch=1, is_training=True) == Work(
        multiplications=products + scores,
        additions=products + scores,
        words=(24 + 8) * pixels + 4 * scores,
    )
    assert backward(part, batch=1).multiplications == 2 * products + 2 * scores
