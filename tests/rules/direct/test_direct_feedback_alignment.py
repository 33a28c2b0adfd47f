"""Oracles: the transposed pass of a spread error; the sum of the taps that reach a pixel."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input, conv2d_weight
from torch.utils.checkpoint import checkpoint

from evonas.errors import RuleError
from evonas.rules import (
    Backprop,
    DirectFeedbackAlignment,
    FeedbackAlignment,
    RuleConv2d,
    RuleLinear,
    Wiring,
    connect,
)
from evonas.rules.direct.direct_feedback_alignment import Norm

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "dense": {"kernel_size": 3, "padding": 1},
    "strided": {"kernel_size": 3, "stride": 2, "padding": 1},
    "dilated": {"kernel_size": 3, "padding": 2, "dilation": 2},
    "depthwise": {"kernel_size": 3, "padding": 1, "groups": 4},
    "pointwise": {"kernel_size": 1, "stride": 2},
}


def connected(norm: Norm = "none", **options: Any) -> tuple[RuleConv2d, Wiring]:
    rule = DirectFeedbackAlignment(norm=norm)
    layer = RuleConv2d(4, 8, **options, rule=rule).double()
    return layer, connect(layer, seed=3)


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


def test_missing_watched_logits_raise_with_hint() -> None:
    layer, _ = connected(kernel_size=3)
    outputs = layer(torch.zeros(1, 4, 5, 5, dtype=torch.float64, requires_grad=True))
    with pytest.raises(RuleError, match=r"call `logits = wiring.watch\(logits\)`"):
        outputs.sum().backward()


def test_old_error_is_never_reused() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.zeros(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    wiring.watch(layer(x).mean((2, 3))).sum().backward()
    unwatched = layer(x)
    with pytest.raises(RuleError, match="none has arrived"):
        unwatched.sum().backward()


@pytest.mark.parametrize("has_kernels", [False, True])
def test_second_loss_of_kept_graph_sends_its_own_error(has_kernels: bool) -> None:
    first, second = (RuleLinear(4, 4, rule=DirectFeedbackAlignment()) for _ in range(2))
    wiring = connect(nn.ModuleList([first, second]), seed=0)
    if has_kernels:
        wiring.to_tensors("cpu", has_kernels=True)
    x = torch.ones(2, 4)
    logits = wiring.watch(second(first(x)))
    kept = [
        torch.autograd.grad(logits[:, i].sum(), first.weight, retain_graph=True)[0]
        for i in range(2)
    ]
    for i, found in enumerate(kept):
        alone = wiring.watch(second(first(x)))[:, i].sum()
        assert found.equal(torch.autograd.grad(alone, first.weight)[0])
    assert not kept[0].equal(kept[1])


def test_two_forward_passes_in_one_backward_keep_errors_apart(
    generator: torch.Generator,
) -> None:
    layer, wiring = connected(kernel_size=3)
    images = torch.randn(2, 2, 4, 5, 5, dtype=torch.float64, generator=generator)

    def loss(x: Tensor) -> Tensor:
        return wiring.watch(layer(x).mean((2, 3))).square().sum()

    apart = [x.clone().requires_grad_() for x in images]
    for x in apart:
        loss(x).backward()
    together = [x.clone().requires_grad_() for x in images]
    (loss(together[0]) + loss(together[1])).backward()
    for mine, theirs in zip(apart, together, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        assert torch.equal(mine.grad, theirs.grad)


def test_nonreentrant_checkpoint_keeps_error_and_reentrant_one_raises() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.ones(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    signals = []
    for is_checkpointed in (False, True):
        outputs = checkpoint(layer, x, use_reentrant=False) if is_checkpointed else layer(x)
        logits = wiring.watch(outputs.mean((2, 3)))
        signals.append(torch.autograd.grad(logits.square().sum(), x)[0])
    assert torch.equal(*signals)
    logits = wiring.watch(checkpoint(layer, x, use_reentrant=True).mean((2, 3)))
    with pytest.raises(RuleError, match="none has arrived"):
        logits.sum().backward()


def test_second_forward_pass_before_watching_first_is_rejected() -> None:
    layer, wiring = connected(kernel_size=3)
    x = torch.ones(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
    first, second = layer(x).mean((2, 3)), layer(2 * x).mean((2, 3))
    wiring.watch(first)
    with pytest.raises(RuleError, match="watch the logits of each forward pass before the next"):
        wiring.watch(second)
    wiring.watch(layer(x).mean((2, 3))).sum().backward()


def test_layer_used_twice_gets_error_in_both_uses() -> None:
    layer = RuleLinear(3, 3, bias=False, rule=DirectFeedbackAlignment(norm="none")).double()
    wiring = connect(layer, seed=0)
    for _ in range(2):
        x = torch.eye(3, dtype=torch.float64, requires_grad=True)
        wiring.watch(layer(layer(x))).sum().backward()
        expected = torch.ones(3, 3, dtype=torch.float64) @ layer.feedback()
        assert x.grad is not None
        assert torch.allclose(x.grad, expected, rtol=0, atol=1e-12)


def test_feedback_before_first_logits_is_rejected() -> None:
    layer, _ = connected(kernel_size=3)
    with pytest.raises(RuleError, match="learns the number of classes from the logits"):
        layer.feedback()


@pytest.mark.parametrize("has_kernels", [False, True])
def test_logits_of_wrong_batch_size_are_rejected(has_kernels: bool) -> None:
    layer, wiring = connected(kernel_size=3)
    layer.float()  # kernels do not support float64
    wiring.to_tensors("cpu", has_kernels=has_kernels)
    x = torch.zeros(2, 4, 5, 5, requires_grad=True)
    logits = wiring.watch(layer(x).mean().expand(3, 5) * 1.0)
    with pytest.raises(RuleError, match=r"layer's batch of 2, got \(3, 5\)"):
        logits.sum().backward()


def test_unknown_norm_is_rejected() -> None:
    with pytest.raises(RuleError, match="expected norm to be one of none, hw, rms, got 'h'"):
        DirectFeedbackAlignment(norm="h")  # type: ignore[arg-type]


class WithAuxiliaryHead(nn.Module):
    """A trunk and two heads, all but the first layer and the classifiers under DFA."""

    def __init__(self) -> None:
        super().__init__()
        dfa = DirectFeedbackAlignment()
        self.stem = RuleConv2d(2, 3, 3, rule=Backprop())
        self.body = RuleConv2d(3, 3, 3, rule=dfa)
        self.classifier = RuleLinear(3, 4, rule=FeedbackAlignment())
        self.auxiliary = nn.Sequential(
            RuleConv2d(3, 3, 3, rule=dfa), RuleConv2d(3, 4, 1, rule=dfa)
        )
        self.double()
        self.wiring = connect(self, seed=0)
        self.auxiliary_wiring = connect(self.auxiliary, seed=1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and auxiliary logits."""
        hidden = torch.tanh(self.stem(images))
        auxiliary = self.auxiliary_wiring.watch(self.auxiliary(hidden).mean((2, 3)))
        return self.wiring.watch(self.classifier(self.body(hidden).mean((2, 3)))), auxiliary


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_auxiliary_head_sends_error_of_its_own_loss(
    order: tuple[int, int], generator: torch.Generator
) -> None:
    network = WithAuxiliaryHead()
    images = torch.randn(2, 2, 8, 8, dtype=torch.float64, generator=generator)

    def stem_gradient(weights: tuple[float, float]) -> Tensor:
        losses = [
            weight * out.square().sum()
            for weight, out in zip(weights, network(images), strict=True)
        ]
        (found,) = torch.autograd.grad(sum(losses[i] for i in order), network.stem.weight)
        return found

    both = stem_gradient((1.0, 0.3))
    apart = stem_gradient((1.0, 0.0)) + stem_gradient((0.0, 0.3))
    assert torch.allclose(both, apart, rtol=0, atol=1e-12)
    assert stem_gradient((0.0, 0.3)).norm() > 0
