"""Cases that the kernels leave to the layers. Oracle: what a layer computes by itself."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from evonas.errors import RuleError
from evonas.rules import DirectFeedbackAlignment, RuleConv2d, RuleLinear, UniformSign, connect
from evonas.rules.kernels import (
    FeedbackSegment,
    ParameterSegment,
    Receiver,
    convolve_separably,
    feedback_table,
    join,
    parameter_table,
    project,
    projection_table,
    refresh_feedback,
    seed_tensor,
    sgd_step,
)


def test_layers_without_feedback_kernel_compute_feedback_themselves() -> None:
    layers = nn.Sequential(
        RuleConv2d(2, 3, 3, rule=UniformSign()),
        RuleConv2d(3, 3, 3, rule=UniformSign(scale="rms")),  # sigma follows the weight
        RuleConv2d(3, 3, 3, rule=UniformSign(), dtype=torch.float64),
        weight_norm(RuleConv2d(3, 3, 1, rule=UniformSign())),  # new weight each time
    )
    wiring = connect(layers, seed=0)
    wiring.to_tensors("cpu", has_kernels=True)
    for _ in range(3):
        for layer in layers:
            made = wiring.feedback_cache.feedback(layer, layer.rule, version=wiring.version)  # type: ignore[arg-type]
            assert made.equal(layer.feedback())  # type: ignore[operator]
        with torch.no_grad():
            for parameter in layers.parameters():
                parameter.mul_(-1.5)
        wiring.advance(learning_rate=0.1)


def test_layer_outside_autocast_gets_exact_feedback() -> None:
    layers = nn.ModuleList(RuleLinear(4, 4, rule=UniformSign()) for _ in range(2))
    wiring = connect(layers, seed=0)
    sides: list[list[Tensor]] = []
    for has_kernels in (False, True):
        wiring.to_tensors("cpu", has_kernels=has_kernels)
        found: list[Tensor] = []
        for _ in range(3):  # kernels write all feedback from the second pass on
            x = torch.ones(2, 4, requires_grad=True)
            with torch.autocast("cpu", torch.bfloat16):
                hidden = layers[0](x)
            found += torch.autograd.grad(layers[1](hidden.float()).sum(), [x, hidden])
        sides.append(found)
    for one, other in zip(*sides, strict=True):
        assert one.equal(other)


LAYERS: dict[str, Callable[[Any], RuleConv2d | RuleLinear]] = {
    "usual": lambda rule: RuleConv2d(4, 6, 3, padding=1, rule=rule),
    "strided": lambda rule: RuleConv2d(4, 6, 5, stride=2, padding=2, rule=rule),
    "dilated": lambda rule: RuleConv2d(4, 4, 3, padding=2, dilation=2, groups=4, rule=rule),
    "narrow kernel": lambda rule: RuleConv2d(4, 6, (3, 1), padding=(1, 0), rule=rule),
    "padded alike": lambda rule: RuleConv2d(4, 6, 3, padding="same", rule=rule),
    "reflecting": lambda rule: RuleConv2d(4, 6, 3, padding=1, padding_mode="reflect", rule=rule),
}


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("norm", ["none", "hw", "rms"])
def test_direct_feedback_with_kernels_matches_layers_without(norm: Any, last: bool) -> None:
    memory = torch.channels_last if last else torch.contiguous_format
    sides: list[list[Tensor]] = []
    for has_kernels in (False, True):
        torch.manual_seed(0)
        layers = nn.ModuleList(
            make(DirectFeedbackAlignment(norm=norm)) for make in LAYERS.values()
        )
        layers.append(RuleLinear(5, 3, rule=DirectFeedbackAlignment(norm=norm)))
        wiring = connect(layers, seed=1)
        if has_kernels:
            wiring.to_tensors("cpu", has_kernels=True)
        images = torch.randn(2, 4, 7, 8).contiguous(memory_format=memory).requires_grad_()
        features = torch.randn(2, 5, requires_grad=True)
        found: list[Tensor] = []
        for _ in range(2):  # the second pass reuses the table
            given = [images * 1.0 for _ in LAYERS] + [features * 1.0]
            sums = [layer(x).flatten(1).sum(1) for layer, x in zip(layers, given, strict=True)]
            logits = wiring.watch(torch.stack(sums, dim=1)[:, :5])
            loss = logits.square().sum() + sum(sums[5:], torch.zeros(2)).sum()
            found += torch.autograd.grad(loss, given)
        sides.append(found)
    for one, other in zip(*sides, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def batched(*shape: int) -> Tensor:
    return torch.ones(3, *shape)


BATCHED: dict[str, tuple[Callable[[Tensor], Any], Tensor]] = {
    "refresh_feedback": (
        lambda x: refresh_feedback(
            x, x, feedback_table([FeedbackSegment(0, 4, "usf")]), seeds=seed_tensor([0]),
            steps=torch.zeros(1), decays=torch.ones(1),
        ),
        batched(4),
    ),
    "sgd_step": (
        lambda x: sgd_step(
            x, x + 1, x + 2, parameter_table([ParameterSegment(0, 4)]), rates=torch.ones(1),
            nesterov=False,
        ),
        batched(4),
    ),
    "join": (lambda x: join([], means=[], variances=[], scales=[], shifts=[], plains=[x, x]),
             batched(1, 2, 3, 3)),
    "separable": (
        lambda x: convolve_separably(
            x, depthwise=torch.ones(2, 1, 1, 1), pointwise=torch.ones(2, 2, 1, 1),
            feedback_depthwise=torch.ones(2, 1, 1, 1), feedback_pointwise=torch.ones(2, 2, 1, 1),
        ),
        batched(1, 2, 3, 3),
    ),
    "spread": (
        lambda x: project(x, projection_table([Receiver(torch.ones(2, 1, 1, 1))], batch=1)),
        batched(1, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BATCHED))
def test_vmap_over_operator_is_rejected_by_name(name: str) -> None:
    run, given = BATCHED[name]
    with pytest.raises(RuleError, match=f"evonas::{name} cannot be batched by vmap: let the mod"):
        torch.vmap(run)(given)
