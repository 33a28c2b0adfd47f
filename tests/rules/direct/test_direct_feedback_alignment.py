"""The signal of direct feedback alignment, for a given error of the logits.

Oracles: the transposed pass of a spread error; the sum of the taps that reach a pixel.
"""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight

from evonas.errors import RuleError
from evonas.rules import DirectFeedbackAlignment, RuleConv2d, RuleLinear, Wiring, connect
from evonas.rules.direct.direct_feedback_alignment import Norm
from tests.rules.direct.connected_layer import connected

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3, "padding": 1},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2},
    "depthwise": {"kernel_size": 3, "padding": 1, "groups": 4},
    "pointwise": {"kernel_size": 1, "stride": 2},
}


def backward(
    layer: nn.Module, wiring: Wiring, x: Tensor, *, error: Tensor, received: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Signal to x and the gradient received by the layer, for a given error of the logits."""
    outputs = layer(x)
    if received is None:
        received = torch.ones_like(outputs)
    logits = wiring.watch((outputs.sum() * 0.0).expand_as(error) + 0.0)
    loss = (logits * error).sum() + (outputs * received).sum()
    loss.backward()
    assert x.grad is not None
    return x.grad, received


@pytest.mark.parametrize("case", sorted(CONVOLUTIONS))
def test_convolution_sends_transposed_pass_of_spread_error(
    case: str, generator: torch.Generator
) -> None:
    options = CONVOLUTIONS[case]
    layer, wiring = connected(**options)
    x = torch.randn(3, 4, 7, 8, dtype=torch.float64, generator=generator).requires_grad_()
    error = torch.randn(3, 5, dtype=torch.float64, generator=generator)
    sent, received = backward(layer, wiring, x, error=error)
    kernel = layer.feedback()
    assert kernel.shape == (5, 4, *layer.kernel_size)
    expected = conv2d_input(
        x.shape, kernel, error[:, :, None, None].expand(-1, -1, *received.shape[2:]),
        layer.stride, layer.padding, layer.dilation,
    )  # fmt: skip
    assert torch.allclose(sent, expected, rtol=0, atol=1e-12)


def test_sent_pixels_differ_only_by_kernel_taps_reaching_them(generator: torch.Generator) -> None:
    layer, wiring = connected(kernel_size=3, padding=1)
    x = torch.randn(1, 4, 7, 7, dtype=torch.float64, generator=generator).requires_grad_()
    error = torch.randn(1, 5, dtype=torch.float64, generator=generator)
    sent, _ = backward(layer, wiring, x, error=error)
    inside = torch.einsum("k,kcab->c", error[0], layer.feedback())
    assert torch.allclose(
        sent[0, :, 1:-1, 1:-1], inside[:, None, None].expand(4, 5, 5), atol=1e-12
    )
    corner = torch.einsum("k,kcab->c", error[0], layer.feedback()[:, :, :2, :2])
    assert torch.allclose(sent[0, :, 0, 0], corner, atol=1e-12)
    assert len(set(sent[0, 0].mul(1e9).round().flatten().tolist())) == 9


@pytest.mark.parametrize("leading", [(3,), (3, 2), (3, 2, 4)])
def test_linear_layer_sends_projected_error_to_every_position(
    leading: tuple[int, ...], generator: torch.Generator
) -> None:
    layer = RuleLinear(6, 4, rule=DirectFeedbackAlignment()).double()
    wiring = connect(layer, seed=3)
    x = torch.randn(*leading, 6, dtype=torch.float64, generator=generator).requires_grad_()
    error = torch.randn(3, 5, dtype=torch.float64, generator=generator)
    sent, _ = backward(layer, wiring, x, error=error)
    literal = torch.stack([error[n] @ layer.feedback() for n in range(3)])
    positions = x[0].numel() // 6  # the default norm divides by their number
    expected = literal.view(3, *[1] * (len(leading) - 1), 6).expand_as(x) / positions
    assert torch.allclose(sent, expected, rtol=0, atol=1e-12)


def test_kernel_tap_sums_have_published_standard_deviation() -> None:
    layer = RuleConv2d(40, 200, 3, rule=DirectFeedbackAlignment())
    wiring = connect(layer, seed=3)
    wiring.watch(torch.zeros(1, 10))
    std = layer.feedback().sum((2, 3)).std().item()
    assert std == pytest.approx((2 / (40 + 10)) ** 0.5, rel=0.05)  # of 400 numbers


def test_norm_hw_divides_by_number_of_output_positions(generator: torch.Generator) -> None:
    x = torch.randn(2, 4, 7, 8, dtype=torch.float64, generator=generator)
    error = torch.randn(2, 5, dtype=torch.float64, generator=generator)
    signals = [
        backward(*connected(norm, kernel_size=3), x.clone().requires_grad_(), error=error)[0]
        for norm in ("none", "hw")
    ]
    assert torch.allclose(signals[1], signals[0] / (5 * 6), rtol=1e-12, atol=0)


def test_norm_rms_matches_rms_of_received_signal(
    generator: torch.Generator,
) -> None:
    layer, wiring = connected("rms", kernel_size=3)
    x = torch.randn(2, 4, 7, 8, dtype=torch.float64, generator=generator).requires_grad_()
    error = torch.randn(2, 5, dtype=torch.float64, generator=generator)
    received = torch.randn(2, 8, 5, 6, dtype=torch.float64, generator=generator)
    sent, _ = backward(layer, wiring, x, error=error, received=received)
    assert sent.square().mean().item() == pytest.approx(received.square().mean().item(), rel=1e-12)


@pytest.mark.parametrize("norm", ["none", "hw"])
def test_signal_does_not_depend_on_received_gradient(
    norm: Norm, generator: torch.Generator
) -> None:
    x = torch.randn(2, 4, 7, 8, dtype=torch.float64, generator=generator)
    error = torch.randn(2, 5, dtype=torch.float64, generator=generator)
    signals, updates, shape = [], [], (2, 8, 5, 6)
    for scale in (1.0, -100.0):
        layer, wiring = connected(norm, kernel_size=3)
        received = scale * torch.ones(shape, dtype=torch.float64)
        signals.append(
            backward(layer, wiring, x.clone().requires_grad_(), error=error, received=received)[0]
        )
        updates.append(layer.weight.grad)
    assert torch.equal(*signals)
    assert updates[0] is not None
    assert updates[1] is not None
    assert torch.allclose(-100.0 * updates[0], updates[1])


def test_weight_update_equals_backprop_of_received_signal(
    generator: torch.Generator,
) -> None:
    layer, wiring = connected(kernel_size=3, groups=2)
    x = torch.randn(2, 4, 7, 8, dtype=torch.float64, generator=generator).requires_grad_()
    received = torch.randn(2, 8, 5, 6, dtype=torch.float64, generator=generator)
    backward(layer, wiring, x, error=torch.ones(2, 5, dtype=torch.float64), received=received)
    expected = conv2d_weight(x.detach(), layer.weight.shape, received, groups=2)
    assert layer.weight.grad is not None
    assert torch.allclose(layer.weight.grad, expected, rtol=0, atol=1e-12)


def test_unknown_norm_is_rejected() -> None:
    with pytest.raises(RuleError, match="expected norm to be one of none, hw, rms, got 'h'"):
        DirectFeedbackAlignment(norm="h")  # type: ignore[arg-type]
