"""Local Lipschitz constant; oracles: the singular values of the full Jacobian, a scaled layer."""

import math

import pytest
import torch
from torch import Tensor

from evonas.evaluation.signals.untrained.lipschitz import log_lipschitz
from evonas.evaluation.signals.untrained.probe import Probe
from evonas.networks import Network, build
from evonas.space import load


def network(normalisation: str) -> Network:
    space = load("tiny").resized(channels=4, cells=1).with_rules(("fa",))
    genome = space.parse("|conv_3x3~0|+|max_pool~1|+|skip~2|")
    net = build(space, genome, input_shape=(1, 8, 8), num_classes=3, seed=0)
    if normalisation == "running":  # a momentum of 1 keeps the last batch's variance, unbiased
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.momentum = 1.0
    return net


def some_images(count: int) -> Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def largest_singular_values(net: Network, images: Tensor) -> Tensor:
    """From the full Jacobian of each image alone, with the batch's statistics as constants."""
    exact = network("running").double()
    exact.load_state_dict(net.state_dict())
    exact.wiring.exact = True  # back-propagation, not the rule
    with torch.no_grad():
        exact(images.double())
    count = len(images)
    for module in exact.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.running_var is not None:
            pixels = 64 if module.num_features == 4 else 16
            module.running_var *= 1.0 - 1.0 / (count * pixels)
    exact.eval()

    def logits(of: Tensor) -> Tensor:
        found: Tensor = exact(of[None])[0]
        return found

    jacobians = [
        torch.autograd.functional.jacobian(logits, image).flatten(1) for image in images.double()
    ]
    return torch.stack([torch.linalg.svdvals(each)[0] for each in jacobians])


def test_lipschitz_constant_is_the_largest_singular_value_of_each_image() -> None:
    net, images = network("batch"), some_images(6)
    expected = float(largest_singular_values(net, images).mean())
    found = math.exp(log_lipschitz(Probe(net, images, torch.zeros(6, dtype=torch.int64), 0)))
    assert found == pytest.approx(expected, rel=0.02)
    assert found <= expected * (1.0 + 1e-4)  # power iteration comes from below


def test_lipschitz_constant_grows_with_the_scale_of_the_classifier() -> None:
    plain, scaled = network("batch"), network("batch")
    with torch.no_grad():
        scaled.classifier.weight.mul_(-8.0)
    images, labels = some_images(4), torch.zeros(4, dtype=torch.int64)
    lower, higher = (log_lipschitz(Probe(net, images, labels, 0)) for net in (plain, scaled))
    assert higher == pytest.approx(lower + math.log(8.0), rel=1e-4)


class Steps(torch.nn.Module):
    """Constant almost everywhere, so that its derivative is zero and has no graph."""

    def forward(self, inputs: Tensor) -> Tensor:
        """The sign of each number."""
        return inputs.sign()


def test_piecewise_constant_logits_have_no_lipschitz_constant() -> None:
    net = network("batch")
    net.head = torch.nn.Sequential(net.head, Steps())
    images, labels = some_images(4), torch.zeros(4, dtype=torch.int64)
    assert log_lipschitz(Probe(net, images, labels, 0)) == -math.inf


def test_constant_logits_have_no_lipschitz_constant() -> None:
    net = network("batch")
    with torch.no_grad():
        net.classifier.weight.zero_()
    images, labels = some_images(4), torch.zeros(4, dtype=torch.int64)
    assert log_lipschitz(Probe(net, images, labels, 0)) == -math.inf
