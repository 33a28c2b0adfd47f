"""Oracles: both losses in loops over images, and their slopes; a twin of torch modules."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.errors import RuleError
from evonas.rules import LocalLoss, RuleConv2d, RuleLinear, bio_share, connect, weights_by_rule
from evonas.rules.own_update.local_head import LocalHead

LABELS = torch.tensor([0, 2, 2, 1])
CASES: dict[str, dict[str, Any]] = {
    "dense": {"padding": 1},
    "grouped and strided": {"groups": 2, "stride": 2, "padding": 1},
    "depthwise": {"groups": 4, "dilation": 2, "padding": 2, "bias": False},
}


def learnt(layer: RuleConv2d | RuleLinear, x: Tensor, labels: Tensor = LABELS) -> Tensor:
    layer.zero_grad()
    layer.connected.aim(labels)
    outputs = layer(x)
    layer.connected.watch(torch.zeros(4, 3, dtype=torch.float64, requires_grad=True) * 1.0)
    outputs.sum().backward()
    assert layer.weight.grad is not None
    return layer.weight.grad.clone()


def connected(rule: LocalLoss, case: str) -> tuple[RuleConv2d, Tensor]:
    layer = RuleConv2d(4, 4, 3, **CASES[case], rule=rule).double()
    connect(layer, seed=0, num_classes=3)
    if isinstance(layer.head, LocalHead):
        nn.init.normal_(layer.head.read)
    return layer, torch.randn(4, 4, 4, 4, dtype=torch.float64)


def outputs_of(layer: RuleConv2d, x: Tensor, weight: Tensor) -> Tensor:
    outputs: Tensor = layer._conv_forward(x, weight, layer.bias)
    return outputs.detach()


def literal_mono_forward(z: Tensor, projection: Tensor) -> float:
    """The mean of -log softmax(a M^T)[label], for a = the 2 x 2 pooled relu of the outputs."""
    half, total = z.shape[2] // 2, 0.0
    parts = [slice(0, half), slice(half, 2 * half)]
    for n in range(4):
        a = [
            float(z[n, c, parts[i], parts[j]].clamp_min(0).mean())
            for c in range(4) for i in range(2) for j in range(2)
        ]  # fmt: skip
        scores = [
            sum(float(m) * v for m, v in zip(projection[k], a, strict=True)) for k in range(3)
        ]
        total += math.log(sum(map(math.exp, scores))) - scores[int(LABELS[n])]
    return total / 4


def literal_contrast(z: Tensor, theta: tuple[float, float], penalty: float) -> float:
    """Contrast loss of outputs for standardised images, in loops over positions."""
    total = 0.0
    _, channels, height, width = z.shape
    for n in range(4):
        squares = 0.0
        for i in range(height):
            for j in range(width):
                one, other = z[n, :, i, j], z[(n + 1) % 4, :, i, j]
                good = sum(max(2 * float(v), 0.0) ** 2 for v in one) / channels
                bad = sum(max(float(v + w), 0.0) ** 2 for v, w in zip(one, other, strict=True))
                bad /= channels
                total += math.log(1 + math.exp(theta[0] - good)) / (4 * height * width)
                total += math.log(1 + math.exp(bad - theta[1])) / (4 * height * width)
                squares += good**2
        total += penalty * math.sqrt(squares) / 4
    return total


def slope(loss: Any, weight: Tensor, direction: Tensor) -> float:
    ahead, behind = (loss(weight + sign * 1e-6 * direction) for sign in (1, -1))
    return float(ahead - behind) / 2e-6


@pytest.mark.parametrize("case", sorted(CASES))
def test_mono_forward_gradient_matches_slope_of_literal_loss(case: str) -> None:
    layer, x = connected(LocalLoss(loss="mono-forward"), case)
    assert isinstance(layer.head, LocalHead)
    read = layer.head.read.detach().clone()
    found = learnt(layer, x)
    direction = torch.randn_like(found)
    expected = slope(
        lambda w: literal_mono_forward(outputs_of(layer, x, w), read),
        layer.weight.detach(),
        direction,
    )
    assert float((found * direction).sum()) == pytest.approx(expected, rel=1e-5)


def test_mono_forward_projection_gradient_matches_literal_loss() -> None:
    layer, x = connected(LocalLoss(loss="mono-forward"), "dense")
    head = layer.head
    assert isinstance(head, LocalHead)
    assert head.offset is None
    assert [name for name, _ in head.named_parameters()] == ["read"]
    learnt(layer, x)
    assert head.read.grad is not None
    z, direction = outputs_of(layer, x, layer.weight), torch.randn_like(head.read)
    expected = slope(lambda m: literal_mono_forward(z, m), head.read.detach(), direction)
    assert float((head.read.grad * direction).sum()) == pytest.approx(expected, rel=1e-5)


def test_mono_forward_linear_layer_matches_readout_of_relu() -> None:
    layer = RuleLinear(5, 6, rule=LocalLoss(loss="mono-forward")).double()
    connect(layer, seed=0, num_classes=3)
    assert isinstance(layer.head, LocalHead)
    nn.init.normal_(layer.head.read)
    x = torch.randn(4, 5).double()
    weight = layer.weight.detach().clone().requires_grad_()
    assert layer.bias is not None
    scores = F.linear(x, weight, layer.bias.detach()).relu() @ layer.head.read.detach().t()
    (expected,) = torch.autograd.grad(F.cross_entropy(scores, LABELS), weight)
    assert torch.allclose(learnt(layer, x), expected, rtol=0, atol=1e-12)


def test_mono_forward_with_random_head_trains_only_the_layer() -> None:
    layer, x = connected(LocalLoss(loss="mono-forward", heads="random"), "dense")
    assert layer.head is None
    noise = layer.connected.fixed_noise(0, like=x, shape=torch.Size([3, 16]))
    direction = torch.randn_like(layer.weight)
    expected = slope(
        lambda w: literal_mono_forward(outputs_of(layer, x, w), noise / 4),
        layer.weight.detach(),
        direction,
    )
    assert float((learnt(layer, x) * direction).sum()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("case", sorted(CASES))
def test_self_contrast_gradient_matches_slope_of_literal_loss(case: str) -> None:
    rule = LocalLoss(loss="contrast", theta_positive=0.3, theta_negative=0.7, norm_penalty=0.1)
    layer, x = connected(rule, case)
    images = torch.stack([(image - image.mean()) / image.std() for image in x])
    found = learnt(layer, x)
    direction = torch.randn_like(found)
    expected = slope(
        lambda w: literal_contrast(outputs_of(layer, images, w), (0.3, 0.7), 0.1),
        layer.weight.detach(),
        direction,
    )
    assert float((found * direction).sum()) == pytest.approx(expected, rel=1e-5)


def test_self_contrast_ignores_labels_and_scale_and_has_no_head() -> None:
    layer, x = connected(LocalLoss(loss="contrast"), "dense")
    found = learnt(layer, x)
    assert torch.equal(found, learnt(layer, x, LABELS.flip(0)))
    assert torch.allclose(found, learnt(layer, 7.0 * x + 3.0), rtol=0, atol=1e-8)
    assert layer.head is None
    assert weights_by_rule(layer) == {"local": layer.weight.numel()}


@pytest.mark.parametrize("loss", ["mono-forward", "contrast"])
def test_forward_losses_send_nothing_and_count_as_plausible(loss: Any) -> None:
    layer, x = connected(LocalLoss(loss=loss), "dense")
    x.requires_grad_()
    learnt(layer, x)
    assert x.grad is not None
    assert x.grad.count_nonzero() == 0
    assert bio_share(layer) == 1.0


@pytest.mark.parametrize("options", [{"loss": "mono"}, {"loss": "contrast", "beta": 0.5}])
def test_invalid_options_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match="loss to be one of predsim, mono-forward, contrast"):
        LocalLoss(**options)
