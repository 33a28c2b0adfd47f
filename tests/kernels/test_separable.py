"""Oracles: rule layers one after the other in float64; torch's checks of an operator."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import RULES, RuleConv2d, connect
from evonas.rules.kernels import convolve_separably, join
from evonas.rules.kernels.separable import separable_backward_op, separable_op

GEOMETRIES = [  # kernel, stride, dilation; padding keeps the size at stride 1
    (3, 1, 1), (3, 2, 1), (5, 1, 1), (5, 2, 1), (3, 1, 2), (3, 2, 2), (5, 1, 2), (5, 2, 2),
]  # fmt: skip


def half(
    kernel: int, stride: int, dilation: int, *, rule: str = "bp", c_in: int = 3, c_out: int = 4
) -> nn.Sequential:
    """The two rule layers, connected, in float64."""
    chosen = RULES[rule]()
    layers = nn.Sequential(
        RuleConv2d(
            c_in, c_in, kernel, stride, dilation * (kernel - 1) // 2, dilation, c_in, False,
            rule=chosen,
        ),
        RuleConv2d(c_in, c_out, 1, bias=False, rule=chosen),
    ).double()  # fmt: skip
    connect(layers, seed=5)
    return layers


def run(layers: nn.Sequential, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    depthwise, pointwise = layers
    assert isinstance(depthwise, RuleConv2d)
    assert isinstance(pointwise, RuleConv2d)
    return convolve_separably(
        images, depthwise=depthwise.weight, pointwise=pointwise.weight,
        feedback_depthwise=depthwise.feedback(), feedback_pointwise=pointwise.feedback(),
        stride=depthwise.stride[0], padding=int(depthwise.padding[0]),
        dilation=depthwise.dilation[0],
    )  # fmt: skip


@pytest.mark.parametrize("rule", ["bp", "fa", "usf"])
@pytest.mark.parametrize(("kernel", "stride", "dilation"), GEOMETRIES)
def test_outputs_signals_and_updates_match_rule_layers(
    kernel: int, stride: int, dilation: int, rule: str, generator: torch.Generator
) -> None:
    layers = half(kernel, stride, dilation, rule=rule)
    images = torch.randn(2, 3, 9, 7, generator=generator, dtype=torch.float64).requires_grad_()
    expected = layers(images.relu())
    z, mean, variance = run(layers, images)
    torch.testing.assert_close(z, expected)
    torch.testing.assert_close(mean, expected.mean((0, 2, 3)))
    torch.testing.assert_close(variance, expected.var((0, 2, 3), correction=0))
    received = torch.randn(z.shape, generator=generator, dtype=torch.float64)
    wanted = torch.autograd.grad(expected, [images, *layers.parameters()], received)
    found = torch.autograd.grad(z, [images, *layers.parameters()], received)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)


def test_separable_half_and_node_match_torch_block(generator: torch.Generator) -> None:
    """The node sends the gradient through the statistics; the operator itself sends none."""
    layers = half(3, 1, 1, c_out=3)
    images = torch.randn(4, 3, 5, 5, generator=generator, dtype=torch.float64).requires_grad_()
    scale, shift = (
        torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_() for _ in "ab"
    )
    expected = images + F.batch_norm(layers(images.relu()), None, None, scale, shift, True)
    z, mean, variance = run(layers, images)
    node, _ = join(
        [z], means=[mean], variances=[variance], scales=[scale], shifts=[shift], plains=[images]
    )
    torch.testing.assert_close(node, expected)
    leaves = [images, *layers.parameters(), scale, shift]
    weights = torch.randn(node.shape, generator=generator, dtype=torch.float64)
    wanted = torch.autograd.grad(expected, leaves, weights)
    found = torch.autograd.grad(node, leaves, weights)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_input_without_grad_still_gives_weight_gradients() -> None:
    layers = half(3, 1, 1)
    images = torch.randn(1, 3, 5, 5, dtype=torch.float64)
    z, _, _ = run(layers, images)
    wanted = torch.autograd.grad(layers(images.relu()).sum(), list(layers.parameters()))
    found = torch.autograd.grad(z.sum(), list(layers.parameters()))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_autocast_does_not_round_what_is_between_the_layers(generator: torch.Generator) -> None:
    images = torch.randn(2, 16, 6, 6, generator=generator).bfloat16().requires_grad_()
    depthwise = torch.randn(16, 1, 3, 3, generator=generator).requires_grad_()
    pointwise = torch.randn(8, 16, 1, 1, generator=generator).requires_grad_()
    sides = []
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            z, mean, variance = convolve_separably(
                images, depthwise=depthwise, pointwise=pointwise, feedback_depthwise=depthwise,
                feedback_pointwise=pointwise, padding=1,
            )  # fmt: skip
            learnt = torch.autograd.grad(z.float().sum(), [images, depthwise, pointwise])
        sides.append([z, mean, variance, *learnt])
    for one, other in zip(*sides, strict=True):
        assert one.equal(other)


class NoGradient(torch.autograd.Function):
    """Identity that blocks the gradient."""

    @staticmethod
    def forward(ctx: Any, numbers: Tensor) -> Tensor:
        del ctx
        return numbers.clone()

    @staticmethod
    def backward(ctx: Any, *received: Any) -> None:
        del ctx, received


def test_missing_output_gradient_gives_no_gradients() -> None:
    layers = half(3, 1, 1)
    images = torch.randn(1, 3, 5, 5, dtype=torch.float64).requires_grad_()
    z, _, _ = run(layers, images)
    output = NoGradient.apply(z).sum()
    found = torch.autograd.grad(output, [images, *layers.parameters()], allow_unused=True)
    assert [each is None for each in found] == [True] * 3


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # raised by opcheck itself
@pytest.mark.parametrize("channels_last", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_operators_pass_torch_opcheck(dtype: torch.dtype, channels_last: bool) -> None:
    last = torch.channels_last if channels_last else torch.contiguous_format
    images = torch.randn(2, 3, 6, 4).to(dtype).contiguous(memory_format=last).requires_grad_()
    received = torch.randn(2, 4, 3, 2).to(dtype).contiguous(memory_format=last)
    depthwise, pointwise = torch.randn(3, 1, 3, 3), torch.randn(4, 3, 1, 1)
    geometry = (2, 1, 1)
    torch.library.opcheck(
        separable_op,
        (images, depthwise.clone().requires_grad_(), pointwise.clone().requires_grad_(),
         depthwise, pointwise, *geometry),
        rtol=1e-2, atol=1e-2,
    )  # fmt: skip
    torch.library.opcheck(
        separable_backward_op,
        (received, images.detach(), depthwise, depthwise, pointwise, *geometry, True),
    )


def test_mismatched_weight_shapes_are_rejected() -> None:
    weights = torch.ones(3, 1, 3, 3), torch.ones(4, 3, 1, 1)
    with pytest.raises(RuleError, match=r"got \(1, 2, 5, 5\) and \(3, 1, 3, 3\), \(4, 3, 1, 1\)"):
        convolve_separably(
            torch.ones(1, 2, 5, 5), depthwise=weights[0], pointwise=weights[1],
            feedback_depthwise=weights[0], feedback_pointwise=weights[1],
        )  # fmt: skip
