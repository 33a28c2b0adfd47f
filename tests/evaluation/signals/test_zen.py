"""Zen-score; oracles: the algorithm in NumPy on an explicit network, a scaled layer."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from evonas.evaluation.signals.untrained.probe import Probe
from evonas.evaluation.signals.untrained.zen import ALPHA, gaussian_weights, zen_score
from evonas.networks import Network, build
from evonas.seeds import derive_seed
from evonas.space import load

SEED = 3


def network() -> Network:
    space = load("tiny").resized(channels=4, cells=1).with_rules(("bp",))
    genome = space.parse("|conv_3x3~0|+|conv_3x3~1|+|skip~2|")
    return build(space, genome, input_shape=(1, 8, 8), num_classes=3, seed=0)


def probe_of(net: Network, *, images: int = 6) -> Probe:
    return Probe(net, torch.rand(images, 1, 8, 8), torch.zeros(images, dtype=torch.int64), SEED)


def features_and_scales(net: Network, inputs: Tensor) -> tuple[np.ndarray, list[float]]:
    """Run the network's own modules one by one, and note every normalisation's input."""
    seen: list[np.ndarray] = []
    pooled: list[np.ndarray] = []
    handles = [
        module.register_forward_hook(lambda _, given, __: seen.append(given[0].numpy()))
        for module in net.modules()
        if isinstance(module, torch.nn.BatchNorm2d)
    ]
    handles.append(net.head.register_forward_hook(lambda *g: pooled.append(g[2].numpy())))
    with torch.no_grad():
        net(inputs * net.deviation + net.mean)
    for handle in handles:
        handle.remove()
    scales = [math.sqrt(float(np.mean(x.astype("f8").var(axis=(0, 2, 3))))) for x in seen]
    return pooled[0].astype("f8"), scales


def test_zen_score_follows_algorithm_1() -> None:
    net = network()
    generator = torch.Generator().manual_seed(derive_seed(SEED, "signals", "zen"))
    twin = network()
    with torch.no_grad():
        for each in twin.parameters():  # standard normal weights, in the network's order
            if each.dim() > 1:
                each.copy_(torch.randn(each.shape, generator=generator))
    first = torch.randn((6, 1, 8, 8), generator=generator)
    second = first + ALPHA * torch.randn((6, 1, 8, 8), generator=generator)
    before, scales = features_and_scales(twin, first)
    after, _ = features_and_scales(twin, second)
    delta = np.abs(after - before).sum(axis=(1, 2, 3)).mean()
    expected = math.log(delta) + sum(map(math.log, scales))
    assert len(scales) == sum(isinstance(m, torch.nn.BatchNorm2d) for m in net.modules()) > 4
    assert zen_score(probe_of(net)) == pytest.approx(expected, rel=1e-5)


def test_weights_are_standard_normal_and_biases_zero() -> None:
    net = network()
    state = gaussian_weights(net, torch.Generator().manual_seed(0))
    weights = torch.cat([state[n].flatten() for n, p in net.named_parameters() if p.dim() > 1])
    assert float(weights.mean()) == pytest.approx(0.0, abs=0.1)
    assert float(weights.std()) == pytest.approx(1.0, abs=0.1)
    assert not state["classifier.bias"].any()
    norms = {name for name, m in net.named_modules() if isinstance(m, torch.nn.BatchNorm2d)}
    assert all(bool((state[f"{name}.weight"] == 1).all()) for name in norms)


def test_zen_score_does_not_depend_on_the_weights_of_the_network() -> None:
    plain, other = network(), network()
    with torch.no_grad():
        for each in other.parameters():
            if each.dim() > 1:
                each.mul_(-3.0)
    assert zen_score(probe_of(plain)) == zen_score(probe_of(other))
