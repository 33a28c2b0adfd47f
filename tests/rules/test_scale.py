"""Oracles: torch's initialisers, and the weight's norm."""

import math

import pytest
import torch
from torch import nn

from evonas.errors import RuleError
from evonas.rules import RULES, FeedbackAlignment, RuleConv2d, connect
from evonas.rules.scale import SCALES, Scale, sigma


@pytest.mark.parametrize("layer", [nn.Conv2d(32, 96, 3, groups=4), nn.Linear(300, 200)])
def test_initial_sigma_matches_torch_default_weights(
    layer: nn.Conv2d | nn.Linear,
) -> None:
    torch.manual_seed(0)
    layer.reset_parameters()
    groups = layer.groups if isinstance(layer, nn.Conv2d) else 1
    assert sigma(layer.weight, groups=groups) == pytest.approx(layer.weight.std().item(), rel=0.02)


@pytest.mark.parametrize("scale", ["group", "biotorch"])
@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (5, 7)])
def test_sigma_matches_torch_xavier_standard_deviation(
    scale: Scale, shape: tuple[int, ...]
) -> None:
    weight = nn.init.xavier_uniform_(
        torch.empty(*(size * 8 for size in shape[:2]), *shape[2:], dtype=torch.float64),
        generator=torch.Generator().manual_seed(0),
    )
    assert sigma(weight, scale=scale) == pytest.approx(weight.std().item(), rel=0.03)


def test_sigma_of_grouped_convolution_equals_that_of_one_group() -> None:
    grouped = torch.empty(12, 2, 3, 3)  # 12 -> 12 channels in 6 groups: six convolutions 2 -> 2
    single = torch.empty(2, 2, 3, 3)
    for scale in ("initial", "group"):
        assert sigma(grouped, groups=6, scale=scale) == sigma(single, scale=scale)


def test_depthwise_layer_of_36_channels_has_published_sigmas() -> None:
    weight = torch.empty(36, 1, 3, 3)
    assert sigma(weight, groups=36, scale="group") == pytest.approx(1 / 3)
    assert sigma(weight, groups=36, scale="biotorch") == pytest.approx(0.0775, abs=1e-4)


def test_rms_scale_gives_usf_feedback_norm_of_weight() -> None:
    weight = torch.randn(
        6, 4, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    feedback = weight.sign() * sigma(weight, scale="rms")
    assert feedback.norm().item() == pytest.approx(weight.norm().item(), rel=1e-12)


@pytest.mark.parametrize("name", ["fa", "usf", "frsf", "brsf", "kp"])
def test_feedback_rms_equals_sigma_under_every_scale(name: str) -> None:
    for scale in SCALES:
        layer = RuleConv2d(32, 48, 3, groups=8, rule=type_of(name)(scale=scale)).double()
        connect(layer, seed=1)
        if layer.kept is not None:  # Kolen-Pollack: look at B_0 itself
            assert torch.allclose(layer.weight - layer.kept, layer.feedback())
        expected = float(sigma(layer.weight, groups=8, scale=scale))
        count = layer.weight.numel()
        error = 5 * math.sqrt(0.8 / count) / 2  # var(u^2) = 4/5 of a squared unit
        assert layer.feedback().square().mean().sqrt().item() == pytest.approx(expected, rel=error)


def type_of(name: str) -> type[FeedbackAlignment]:
    found: type[FeedbackAlignment] = RULES[name]  # type: ignore[assignment]
    return found


def test_unknown_scale_is_rejected() -> None:
    with pytest.raises(
        RuleError, match=r"'fa': expected scale to be one of initial, group, .* got 'glorot'"
    ):
        FeedbackAlignment(scale="glorot")  # type: ignore[arg-type]
