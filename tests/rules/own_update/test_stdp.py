"""Oracles: pairs of spikes at known times; loops over synapses and frames."""

import pytest
import torch

from evonas.errors import RuleError
from evonas.rules import RuleConv2d, RuleLinear, SpikeTiming, connect

RULE = SpikeTiming(tau=4.0, w_max=1.0, frames=8)


def paired(pre_at: list[int], post_at: list[int]) -> float:
    """The weight change of one synapse that starts at zero."""
    layer = RuleLinear(1, 1, bias=False, rule=RULE).double()
    torch.nn.init.zeros_(layer.weight)
    pre, post = (torch.zeros(8, 1, 1, dtype=torch.float64) for _ in range(2))
    pre[pre_at], post[post_at] = 1.0, 1.0
    return float(RULE.pair(layer, pre, post))


@pytest.mark.parametrize("delay", [1, 2, 5])
def test_pre_before_post_potentiates_and_post_before_pre_depresses(delay: int) -> None:
    assert paired([1], [1 + delay]) == pytest.approx(0.75**delay)
    assert paired([1 + delay], [1]) == pytest.approx(-(0.75**delay))


def test_missing_pre_or_post_spikes_change_nothing() -> None:
    assert paired([], [1, 2]) == paired([1, 2], []) == 0.0


def test_zero_image_changes_nothing() -> None:
    layer = RuleConv2d(2, 3, 3, rule=RULE)
    connect(layer, seed=0)
    layer(torch.zeros(2, 2, 5, 5)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.count_nonzero() == 0


def test_update_matches_loop_over_synapses_and_frames() -> None:
    layer = RuleLinear(3, 2, rule=RULE).double()
    wiring = connect(layer, seed=2)
    x = torch.randn(4, 3, dtype=torch.float64)
    noise = wiring.fresh_noise(0, like=x, shape=torch.Size([8, 1, 3]))
    weight, w_max = layer.weight.detach(), 1.0
    drives = torch.zeros(8, 4, 2, dtype=torch.float64)
    spikes = torch.zeros(8, 4, 3, dtype=torch.float64)
    for t in range(8):
        for n in range(4):
            for i in range(3):
                chance = max(0.0, float(x[n, i])) / float(x[n].max())
                spikes[t, n, i] = float(chance > float(noise[t, 0, i]) / 12**0.5 + 0.5)
            drives[t, n] = weight @ spikes[t, n]
    drives /= (drives**2).mean() ** 0.5
    expected = torch.zeros_like(weight)
    for n in range(4):
        for k in range(2):
            for i in range(3):
                v = a = b = 0.0
                for t in range(8):
                    s = float(spikes[t, n, i])
                    v = 0.75 * v + float(drives[t, n, k])
                    fired = float(v >= 1.0)
                    v *= 1.0 - fired
                    a, b = 0.75 * a + s, 0.75 * b + fired
                    expected[k, i] += fired * a * (w_max - weight[k, i])
                    expected[k, i] -= s * b * (weight[k, i] + w_max)
    layer(x).sum().backward()
    assert layer.weight.grad is not None
    assert torch.allclose(-layer.weight.grad, expected / (4 * 8), rtol=0, atol=1e-12)
    assert expected.abs().max() > 0


def test_convolution_of_one_patch_matches_linear_layer() -> None:
    """Pairing folds the frames into the batch; the convolution keeps its geometry."""
    dense = RuleConv2d(2, 3, 3, bias=False, rule=RULE).double()
    flat = RuleLinear(18, 3, bias=False, rule=RULE).double()
    flat.weight.data = dense.weight.data.flatten(1)
    pre = (torch.rand(8, 5, 2, 3, 3) < 0.5).double()
    post = (torch.rand(8, 5, 3, 1, 1) < 0.5).double()
    found = RULE.pair(dense, pre, post).flatten(1)
    assert torch.allclose(found, RULE.pair(flat, pre.flatten(2), post.flatten(2)), atol=1e-12)


def test_weights_stay_within_bounds() -> None:
    rule = SpikeTiming(learning_rate=0.25, w_max=0.5)
    layer = RuleConv2d(2, 3, 3, rule=rule)
    wiring = connect(layer, seed=0)
    for _ in range(60):
        layer.zero_grad()
        layer(torch.rand(4, 2, 6, 6)).sum().backward()
        assert layer.weight.grad is not None
        layer.weight.data -= 0.25 * layer.weight.grad
        wiring.advance(learning_rate=0.25)
    assert layer.weight.abs().max() <= 0.5
    assert layer.weight.std() > 0


def test_zero_frames_are_rejected() -> None:
    with pytest.raises(RuleError, match="expected tau and frames of at least 1"):
        SpikeTiming(frames=0)
