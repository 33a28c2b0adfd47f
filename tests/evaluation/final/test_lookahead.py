"""Lookahead; oracles: its formula in float64, and Kolen-Pollack with feedback that is stored."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from evonas.evaluation.final.lookahead import Lookahead
from evonas.networks import Network
from evonas.networks.named.table import build_named
from evonas.rules import AbstractRule, KolenPollack, UniformSign, parameter_groups, rule_layers

NUM_STEPS = 13  # three periods of five steps, the last one cut short
SGD: dict[str, Any] = {
    "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.05, "nesterov": True,
}  # fmt: skip


def small_network(rule: AbstractRule) -> Network:
    return build_named("fast-cifar10", rules=[rule], input_shape=(1, 9, 9), num_classes=3, seed=0)


def test_weights_follow_the_formula() -> None:
    network = small_network(UniformSign())
    lookahead = Lookahead(network, num_steps=NUM_STEPS)
    weight = network.classifier.weight
    generator = torch.Generator().manual_seed(1)
    expected = slow = weight.detach().double().clone()
    kept = []
    for step in range(1, NUM_STEPS + 1):
        change = torch.randn(weight.shape, generator=generator)
        weight.data += change
        expected = expected + change.double()
        lookahead.update()
        if step in (5, 10, 13):
            kept.append(0.95**5 * (step / 13) ** 3)
            slow = expected = kept[-1] * slow + (1 - kept[-1]) * expected
        torch.testing.assert_close(weight.detach().double(), expected, rtol=1e-5, atol=1e-5)
    assert all(one < two for one, two in pairwise(kept))  # early steps are forgotten at once
    assert kept[-1] == 0.95**5


def test_kolen_pollack_equals_averaging_its_feedback_too() -> None:
    """B stored, trained by the same optimiser from the same gradients, and averaged likewise."""
    network = small_network(KolenPollack()).train()
    lookahead = Lookahead(network, num_steps=NUM_STEPS)
    groups = parameter_groups(network, **SGD)
    optimiser = torch.optim.SGD(groups)
    layers = [each for each in rule_layers(network).values() if each.rule == KolenPollack()]
    stored = [nn.Parameter(layer.rule.feedback(layer).double().clone()) for layer in layers]
    slow = [each.detach().clone() for each in stored]
    settings = {**SGD, "lr": SGD["learning_rate"]}
    del settings["learning_rate"]
    of_stored = torch.optim.SGD(stored, **settings)
    generator = torch.Generator().manual_seed(2)
    for step in range(1, NUM_STEPS + 1):
        images = torch.rand(6, 1, 9, 9, generator=generator)
        optimiser.zero_grad()
        logits = network(images)
        F.cross_entropy(logits, torch.arange(6) % 3).backward()
        for layer, twin in zip(layers, stored, strict=True):
            assert layer.weight.grad is not None
            twin.grad = layer.weight.grad.double()
        optimiser.step()
        of_stored.step()
        network.wiring.advance(**SGD)
        lookahead.update()
        if step in (5, 10, 13):
            share = 0.95**5 * (step / 13) ** 3
            for own, twin in zip(slow, stored, strict=True):
                own.copy_(share * own + (1 - share) * twin.detach())
                twin.data.copy_(own)
    assert 0.1 < float(network.wiring.decay) < 0.9
    for layer, twin in zip(layers, stored, strict=True):
        torch.testing.assert_close(
            layer.rule.feedback(layer).double(), twin.detach(), rtol=1e-4, atol=1e-5
        )


def move(network: Network, lookahead: Lookahead, steps: range) -> None:
    for step in steps:
        network.classifier.weight.data += step
        network.wiring.advance(**SGD)
        lookahead.update()


def test_decay_kept_in_a_tensor_is_averaged_alike() -> None:
    numbers, tensors = small_network(KolenPollack()), small_network(KolenPollack())
    tensors.wiring.to_tensors("cpu")
    kept = tensors.wiring.decay
    for network in (numbers, tensors):
        move(network, Lookahead(network, num_steps=NUM_STEPS), range(NUM_STEPS))
    assert tensors.wiring.decay is kept  # changed in place, as a captured step needs it
    assert float(kept) == pytest.approx(float(numbers.wiring.decay), rel=1e-12)


def test_restored_state_continues_alike() -> None:
    one, two = small_network(KolenPollack()), small_network(KolenPollack())
    whole, restored = (Lookahead(each, num_steps=NUM_STEPS) for each in (one, two))
    move(one, whole, range(7))
    two.load_state_dict(one.state_dict())
    two.wiring.restore(one.wiring.state())
    restored.restore(whole.state())
    move(one, whole, range(7, NUM_STEPS))
    move(two, restored, range(7, NUM_STEPS))
    assert torch.equal(one.classifier.weight, two.classifier.weight)
    assert one.wiring.decay == two.wiring.decay


def test_state_of_another_network_is_rejected() -> None:
    mine = Lookahead(small_network(UniformSign()), num_steps=NUM_STEPS)
    done, decay, slow = mine.state()
    with pytest.raises(ValueError, match="expected"):
        mine.restore((done, decay, slow[:-1]))
