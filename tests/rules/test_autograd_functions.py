"""Oracles: the transposed convolution written as loops, torch's autograd, finite differences."""

import itertools
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from evonas.errors import RuleError
from evonas.rules.autograd_functions import (
    CustomInputGradient,
    FeedbackConvolution,
    FeedbackLinear,
    Geometry,
    feedback_conv2d,
)

# stride, dilation, groups, height, has a bias
GEOMETRIES = list(itertools.product((1, 2), (1, 2), (1, 2, 4), (6, 7), (False, True)))


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=generator).requires_grad_()


def literal_passes(
    x: Tensor, received: Tensor, feedback: Tensor, geometry: Geometry
) -> tuple[Tensor, Tensor]:
    """K(g; V) and C(x, g) by their definitions, one product at a time."""
    (stride, _), (padding, _), (dilation, _), groups = geometry
    sent, update = torch.zeros_like(x), torch.zeros_like(feedback)
    in_group, out_group = x.shape[1] // groups, feedback.shape[0] // groups
    taps = itertools.product(
        range(x.shape[0]), *map(range, received.shape[1:]), *map(range, feedback.shape[1:])
    )
    for n, o, i, j, c, a, b in taps:
        channel = o // out_group * in_group + c
        row = i * stride + a * dilation - padding
        column = j * stride + b * dilation - padding
        if 0 <= row < x.shape[2] and 0 <= column < x.shape[3]:
            sent[n, channel, row, column] += received[n, o, i, j] * feedback[o, c, a, b]
            update[o, c, a, b] += received[n, o, i, j] * x[n, channel, row, column]
    return sent, update


@pytest.mark.parametrize(("stride", "dilation", "groups", "height", "bias"), GEOMETRIES)
def test_convolution_with_weight_as_feedback_matches_torch(
    stride: int, dilation: int, groups: int, height: int, bias: bool
) -> None:
    geometry = ((stride, stride), (1, 1), (dilation, dilation), groups)
    x, weight = normal(2, 4, height, 7), normal(8, 4 // groups, 3, 3, seed=1)
    offset = normal(8, seed=2) if bias else None
    wanted = [tensor for tensor in (x, weight, offset) if tensor is not None]
    expected = F.conv2d(x, weight, offset, *geometry)
    found = FeedbackConvolution.apply(x, weight, offset, weight.detach(), geometry)
    assert torch.equal(found, expected)
    received = normal(*expected.shape, seed=3).detach()
    for ours, torchs in zip(
        torch.autograd.grad(found, wanted, received),
        torch.autograd.grad(expected, wanted, received),
        strict=True,
    ):
        assert torch.allclose(ours, torchs, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "geometry",
    [((1, 1), (1, 1), (1, 1), 1), ((2, 2), (1, 1), (1, 1), 2), ((2, 2), (2, 2), (2, 2), 4)],
)
def test_convolution_sends_transposed_pass_of_feedback(geometry: Geometry) -> None:
    x, weight = normal(2, 4, 6, 5), normal(4, 4 // geometry[3], 3, 3, seed=1)
    feedback = normal(*weight.shape, seed=2).detach()
    outputs = FeedbackConvolution.apply(x, weight, None, feedback, geometry)
    received = normal(*outputs.shape, seed=3).detach()
    found = torch.autograd.grad(outputs, (x, weight), received)
    expected = literal_passes(x.detach(), received, feedback, geometry)
    for ours, literal in zip(found, expected, strict=True):
        assert torch.allclose(ours, literal, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("stride", "dilation", "groups", "height", "bias"), GEOMETRIES)
@pytest.mark.parametrize("is_watched", [False, True])
def test_fast_path_is_bit_identical_to_autograd_function(
    stride: int, dilation: int, groups: int, height: int, bias: bool, is_watched: bool
) -> None:
    geometry = ((stride, stride), (1, 1), (dilation, dilation), groups)
    x, weight = normal(2, 4, height, 7), normal(8, 4 // groups, 3, 3, seed=1)
    offset = normal(8, seed=2) if bias else None
    wanted = [tensor for tensor in (x, weight, offset) if tensor is not None]
    feedback = normal(*weight.shape, seed=3).detach()
    expected = FeedbackConvolution.apply(x, weight, offset, feedback, geometry)
    if is_watched:  # saved-tensor hooks, such as a checkpoint's, disable the fast path
        with saved_tensors_hooks(lambda saved: saved, lambda saved: saved):
            found = feedback_conv2d(x, weight, offset, feedback, geometry)
    else:
        found = feedback_conv2d(x, weight, offset, feedback, geometry)
    received = normal(*expected.shape, seed=4).detach()
    for ours, functions in zip(
        (found, *torch.autograd.grad(found, wanted, received)),
        (expected, *torch.autograd.grad(expected, wanted, received)),
        strict=True,
    ):
        assert torch.equal(ours, functions)


def operations(outputs: Callable[[], Tensor]) -> list[str]:
    """Names of the convolutions in a forward and a backward pass, in order."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        outputs().sum().backward()
    return [event.name for event in profile.events() if event.name.startswith("aten::conv")]


def test_fast_path_runs_same_operations_as_torch_layer() -> None:
    geometry = ((1, 1), (1, 1), (1, 1), 1)
    x, weight, feedback = normal(2, 4, 6, 5), normal(4, 4, 3, 3), normal(4, 4, 3, 3, seed=1)
    mine = operations(lambda: feedback_conv2d(x, weight, None, feedback.detach(), geometry))
    assert mine == operations(lambda: F.conv2d(x, weight, None, *geometry))
    assert mine.count("aten::convolution_backward") == 1


@pytest.mark.parametrize("leading", [(), (3,), (3, 2), (2, 3, 2)])
def test_linear_layer_sends_signal_times_feedback(leading: tuple[int, ...]) -> None:
    x, weight, bias = normal(*leading, 4), normal(5, 4, seed=1), normal(5, seed=2)
    feedback = normal(5, 4, seed=3).detach()
    outputs = FeedbackLinear.apply(x, weight, bias, feedback)
    assert torch.equal(outputs, F.linear(x, weight, bias))
    received = normal(*leading, 5, seed=4).detach()
    sent, update, shift = torch.autograd.grad(outputs, (x, weight, bias), received)
    rows, inputs = received.reshape(-1, 5), x.detach().reshape(-1, 4)
    literal = sum(torch.outer(g, row) for g, row in zip(rows, inputs, strict=True))
    assert torch.allclose(sent, torch.einsum("...o,oi->...i", received, feedback), atol=1e-12)
    assert torch.allclose(update, torch.as_tensor(literal), atol=1e-12)
    assert torch.allclose(shift, rows.sum(0), atol=1e-12)


def test_gradients_match_finite_differences_if_feedback_is_weight() -> None:
    geometry = ((2, 2), (1, 1), (1, 1), 2)

    def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        found: Tensor = FeedbackConvolution.apply(x, weight, bias, weight.detach(), geometry)
        return found

    def multiply(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        found: Tensor = FeedbackLinear.apply(x, weight, bias, weight.detach())
        return found

    image, kernel = normal(2, 4, 5, 6), normal(4, 2, 3, 3, seed=1)
    assert torch.autograd.gradcheck(convolve, (image, kernel, normal(4)))
    assert torch.autograd.gradcheck(multiply, (normal(2, 3, 4), normal(5, 4, seed=1), normal(5)))


@pytest.mark.parametrize("needs", [(True, False), (False, True)])
def test_only_required_gradients_are_computed(needs: tuple[bool, bool]) -> None:
    geometry = ((1, 1), (1, 1), (1, 1), 1)
    x, weight = normal(1, 2, 4, 4).requires_grad_(needs[0]), normal(2, 2, 3, 3)
    weight.requires_grad_(needs[1])
    outputs = FeedbackConvolution.apply(
        x, weight, None, torch.full_like(weight, torch.nan), geometry
    )
    outputs.sum().backward()
    assert ((x.grad is not None), (weight.grad is not None)) == needs
    if weight.grad is not None:  # the feedback, all NaN, left no trace
        assert weight.grad.isfinite().all()


@pytest.mark.parametrize("kind", ["convolution", "linear"])
def test_second_derivative_matches_finite_differences(kind: str) -> None:
    """Also in the feedback; the search over mixtures of rules needs it."""
    shape = (2, 2, 3, 3) if kind == "convolution" else (4, 6)
    x = normal(2, 4, 4, 4) if kind == "convolution" else normal(2, 6)
    weight, feedback = normal(4, *shape[1:], seed=1), normal(4, *shape[1:], seed=2)
    more = (((1, 1), (1, 1), (1, 1), 2),) if kind == "convolution" else ()
    function = FeedbackConvolution if kind == "convolution" else FeedbackLinear

    def backward(x: Tensor, received: Tensor, feedback: Tensor) -> tuple[Tensor, ...]:
        outputs = function.apply(x, weight, None, feedback, *more)
        return torch.autograd.grad(outputs, (x, weight), received, create_graph=True)

    received = normal(*function.apply(x, weight, None, feedback, *more).shape, seed=3)
    inputs = [tensor.detach().requires_grad_() for tensor in (x, received, feedback)]
    assert torch.autograd.gradcheck(backward, inputs)


def test_second_derivative_of_fast_path_is_rejected() -> None:
    x, weight = normal(1, 2, 4, 4), normal(2, 2, 3, 3)
    outputs = feedback_conv2d(x, weight, None, weight.detach(), ((1, 1), (1, 1), (1, 1), 1))
    with pytest.raises(RuleError, match="asks for the derivative of a signal"):
        torch.autograd.grad(outputs.square().sum(), x, create_graph=True)


def test_custom_input_gradient_replaces_signal_and_keeps_output_gradient() -> None:
    outputs, inputs = normal(2, 3), normal(2, 5)
    joined = CustomInputGradient.apply(
        outputs, inputs, lambda received: received.sum() + 0 * inputs
    )
    assert torch.equal(joined, outputs)
    received = normal(2, 3, seed=1).detach()
    joined.backward(received)
    assert outputs.grad is not None
    assert inputs.grad is not None
    assert torch.equal(outputs.grad, received)
    assert torch.equal(inputs.grad, received.sum().expand(2, 5))
