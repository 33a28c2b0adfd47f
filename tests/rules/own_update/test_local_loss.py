"""Random heads. Oracle: the published losses in loops over images."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.errors import RuleError
from evonas.rules import LocalLoss, RuleConv2d, RuleLinear, connect, true_gradient

LABELS = torch.tensor([0, 2, 2, 1])


def learnt(layer: RuleConv2d | RuleLinear, x: Tensor, *, received: float = 1.0) -> Tensor:
    wiring = layer.connected
    layer.zero_grad()
    wiring.aim(LABELS)
    outputs = layer(x)
    wiring.watch(torch.zeros(4, 3, dtype=torch.float64, requires_grad=True) * 1.0)
    (received * outputs).sum().backward()
    assert layer.weight.grad is not None
    return layer.weight.grad


def cosine(a: list[float], b: list[float]) -> float:
    a, b = ([v - sum(row) / len(row) for v in row] for row in (a, b))
    return sum(p * q for p, q in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def literal_loss(layer: RuleConv2d, z: Tensor, beta: float) -> float:
    """L of outputs (4, C, 4, 4), with a 2 x 2 pool."""
    channels = z.shape[1]
    h = torch.zeros_like(z)
    for c in range(channels):
        centred = z[:, c] - z[:, c].mean()
        h[:, c] = (centred / (centred.square().mean() + 1e-5).sqrt()).clamp_min(0)
    features = torch.stack(
        [
            torch.stack(
                [h[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean()
                 for c in range(channels) for i in range(2) for j in range(2)]
            )
            for n in range(4)
        ]
    )  # fmt: skip
    head = layer.connected.fixed_noise(
        layer.number, like=z, shape=torch.Size([3, 4 * channels])
    ) / math.sqrt(4 * channels)
    pred = sim = 0.0
    for n in range(4):
        scores = [float(head[k] @ features[n]) for k in range(3)]
        pred += (math.log(sum(map(math.exp, scores))) - scores[int(LABELS[n])]) / 4
    spread = [[float(h[n, c].flatten().std()) for c in range(channels)] for n in range(4)]
    targets = [[float(k == label) for k in range(3)] for label in LABELS.tolist()]
    for n in range(4):
        for m in range(4):
            sim += (cosine(spread[n], spread[m]) - cosine(targets[n], targets[m])) ** 2 / 16
    return (1 - beta) * pred + beta * sim


@pytest.mark.parametrize("beta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("options", [{}, {"groups": 2}, {"dilation": 2, "padding": 2}])
def test_update_matches_slope_of_literal_loss(beta: float, options: dict[str, Any]) -> None:
    options = {"kernel_size": 3, "padding": 1, "bias": False} | options
    layer = RuleConv2d(2, 4, **options, rule=LocalLoss(heads="random", beta=beta)).double()
    connect(layer, seed=0)
    x = torch.randn(4, 2, 4, 4, dtype=torch.float64)
    found = learnt(layer, x)
    direction = torch.randn_like(found)
    ahead, behind = (
        literal_loss(layer, layer._conv_forward(x, weight, None), beta)
        for weight in (
            layer.weight.detach() + sign * 1e-6 * direction for sign in (1, -1)
        )
    )  # fmt: skip
    assert (found * direction).sum().item() == pytest.approx((ahead - behind) / 2e-6, rel=1e-5)


def test_received_signal_is_ignored_and_nothing_is_sent() -> None:
    layer = RuleConv2d(2, 4, 3, rule=LocalLoss(heads="random")).double()
    connect(layer, seed=0)
    x = torch.randn(4, 2, 6, 6, dtype=torch.float64, requires_grad=True)
    assert torch.equal(learnt(layer, x), learnt(layer, x, received=-9.0))
    assert x.grad is not None
    assert x.grad.count_nonzero() == 0


@pytest.mark.parametrize("beta", [0.0, 0.99])
def test_updates_shrink_gradient_of_local_loss_in_linear_layer(beta: float) -> None:
    layer = RuleLinear(6, 8, rule=LocalLoss(heads="random", beta=beta)).double()
    connect(layer, seed=0)
    x = torch.randn(4, 6, dtype=torch.float64)
    sizes = []
    for _ in range(200):
        gradient = learnt(layer, x)
        layer.weight.data -= 0.5 * gradient
        sizes.append(float(gradient.norm()))
    assert sizes[-1] < 0.1 * max(sizes)


def test_missing_targets_raise_with_hint_except_in_true_gradient() -> None:
    layer = RuleLinear(3, 3, rule=LocalLoss(heads="random"))
    wiring = connect(layer, seed=0)
    x = torch.randn(4, 3)
    with pytest.raises(RuleError, match=r"call `wiring.aim\(labels\)`"):
        wiring.watch(layer(x)).sum().backward()
    with true_gradient(layer):
        wiring.watch(layer(x)).sum().backward()


@pytest.mark.parametrize("options", [{"beta": 1.5}, {"pool": 0}, {"heads": "none"}])
def test_options_out_of_range_are_rejected(options: dict[str, Any]) -> None:
    with pytest.raises(RuleError, match=r"expected heads to be one of trained, random, beta in"):
        LocalLoss(**options)


@pytest.mark.parametrize(
    ("options", "num_trained"),
    [({"beta": 0.99}, 4), ({}, 3), ({"heads": "random", "beta": 0.5}, 1)],
)
def test_update_under_autocast_is_close_to_float32(
    options: dict[str, Any], num_trained: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layer and its head; the head's convolution uses the dtype of autocast."""
    images = torch.randn(16, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    convolve, dtypes = F.conv2d, []

    def watched(given: Tensor, weight: Tensor, *, padding: int) -> Tensor:
        found = convolve(given, weight, padding=padding)
        dtypes.append(found.dtype)
        return found

    updates: list[list[Tensor]] = []
    for enabled in (False, True):
        layer = RuleConv2d(8, 16, 3, padding=1, bias=False, rule=LocalLoss(**options))
        torch.nn.init.kaiming_uniform_(layer.weight, generator=torch.Generator().manual_seed(1))
        wiring = connect(layer, seed=0, num_classes=4)
        wiring.aim(torch.arange(16) % 4)
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            outputs = layer(images)
        wiring.watch(torch.zeros(16, 4, requires_grad=True) * 1.0)
        with monkeypatch.context() as patch:
            patch.setattr(F, "conv2d", watched)
            outputs.sum().backward()
        updates.append([each.grad for each in layer.parameters() if each.grad is not None])
    assert len(updates[0]) == len(updates[1]) == num_trained
    for exact, reduced in zip(*updates, strict=True):
        assert reduced.dtype == torch.float32
        assert (exact - reduced).norm() <= 0.05 * exact.norm()
    if num_trained == 4:
        assert dtypes == [torch.float32, torch.bfloat16]
