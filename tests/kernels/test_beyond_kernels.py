"""Tensors that the kernels do not support. Oracle: the references, to the bit."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from evonas.rules.kernels import (
    FeedbackSegment,
    ParameterSegment,
    convolve_separably,
    feedback_table,
    join,
    parameter_table,
    refresh_feedback,
    seed_tensor,
    sgd_step,
)
from evonas.rules.kernels.separable import MAX_CHANNELS, _fits

pytest.importorskip("triton", reason="the kernels are Triton's")


def drawn(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def joined() -> list[Tensor]:
    z = drawn(2, 3, 4, 4).requires_grad_()
    of_channels = [drawn(3, seed=1).abs()]
    node, active = join(
        [z], means=of_channels, variances=of_channels, scales=of_channels, shifts=of_channels,
        plains=[drawn(2, 3, 4, 4, seed=2)], with_active=True,
    )  # fmt: skip
    return [node, active, *torch.autograd.grad((node * active).sum(), z)]


def convolved() -> list[Tensor]:
    x, depthwise, pointwise = drawn(2, 3, 4, 4), drawn(3, 1, 3, 3), drawn(4, 3, 1, 1)
    learning = [each.requires_grad_() for each in (x, depthwise, pointwise)]
    z, mean, variance = convolve_separably(
        x, depthwise=depthwise, pointwise=pointwise, feedback_depthwise=drawn(3, 1, 3, 3, seed=1),
        feedback_pointwise=drawn(4, 3, 1, 1, seed=2), padding=1,
    )  # fmt: skip
    return [z, mean, variance, *torch.autograd.grad(z.square().sum(), learning)]


def refreshed() -> list[Tensor]:
    weights = drawn(50)
    feedback = torch.empty_like(weights)
    refresh_feedback(
        feedback, weights, feedback_table([FeedbackSegment(0, 50, "kp")]), kept=drawn(50, seed=1),
        seeds=seed_tensor([0]), steps=torch.tensor([1]),
        decays=torch.tensor([0.3], dtype=torch.float64),
    )  # fmt: skip
    return [feedback]


def stepped() -> list[Tensor]:
    flat, velocities, gradients = (drawn(50, seed=seed) for seed in range(3))
    table = parameter_table([ParameterSegment(0, 50, 0.5, 0.9, 0.1)])
    rates = torch.tensor([0.3], dtype=torch.float64)
    sgd_step(flat, velocities, gradients, table, rates=rates, nesterov=True)
    return [flat, velocities]


@pytest.mark.kernels
@pytest.mark.parametrize("run", [joined, convolved, refreshed, stepped])
def test_float64_is_never_computed_in_float32(
    run: Callable[[], list[Tensor]], request: pytest.FixtureRequest
) -> None:
    expected = run()
    calls: dict[Any, int] = request.getfixturevalue("calls")  # from here on, as on a GPU
    for one, other in zip(run(), expected, strict=True):
        assert one.dtype == torch.float64
        assert one.equal(other)
    assert any(calls.values())


def test_outputs_beyond_32_bit_indices_are_left_to_the_reference() -> None:
    images = torch.empty(256, 16, 192, 192, device="meta")
    batch, _, height, width = images.shape
    assert _fits(images, torch.Size([batch, MAX_CHANNELS // 2, height, width]))
    assert not _fits(images, torch.Size([batch, MAX_CHANNELS, height, width]))
    assert not _fits(images, torch.Size([batch, 1, 4 * height, 4 * width]))  # between the layers
    assert not _fits(images, torch.Size([batch, MAX_CHANNELS + 1, 1, 1]))
