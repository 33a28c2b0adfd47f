"""Oracles: Adam with zero betas, whose step is the sign; scale invariance; SGD on signs."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from evonas.rules import (
    RULES,
    AbstractRule,
    Backprop,
    FeedbackAlignment,
    KolenPollack,
    Oja,
    RuleConv2d,
    RuleLinear,
    batch_manhattan,
    connect,
    parameter_groups,
    wirings,
)

Make = Callable[[nn.Module], torch.optim.Optimizer]


def network(rule: AbstractRule) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = nn.Sequential(
            RuleConv2d(1, 4, 3, bias=False, rule=rule),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            RuleConv2d(4, 4, 3, rule=rule),
            nn.Flatten(),
            RuleLinear(16, 3, rule=Backprop()),  # signs of weights can cancel exactly
        ).double()
    connect(made, seed=0)
    return made


def train(made: nn.Module, optimiser: torch.optim.Optimizer, *, scale: float = 1.0) -> None:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(6, 1, 6, 6, dtype=torch.float64, generator=generator)
    (wiring,) = wirings(made)
    for _ in range(5):
        optimiser.zero_grad()
        (scale * F.cross_entropy(wiring.watch(made(images)), torch.arange(6) % 3)).backward()
        optimiser.step()
        wiring.advance(learning_rate=0.01, weight_decay=0.1)


def sgd(made: nn.Module) -> torch.optim.SGD:
    groups = parameter_groups(made, learning_rate=0.01, momentum=0.9, weight_decay=0.1)
    return torch.optim.SGD(groups)


def weights(made: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in made.parameters()]


@pytest.mark.parametrize("name", ["bp", "fa", "usf", "kp", "dfa"])
def test_plain_batch_manhattan_equals_adam_with_zero_betas(name: str) -> None:
    mine, theirs = network(RULES[name]()), network(RULES[name]())
    optimiser = torch.optim.SGD(mine.parameters(), lr=0.01)
    batch_manhattan(optimiser, mine)
    train(mine, optimiser)
    train(theirs, torch.optim.Adam(theirs.parameters(), lr=0.01, betas=(0.0, 0.0), eps=1e-300))
    for ours, adams in zip(weights(mine), weights(theirs), strict=True):
        assert torch.allclose(ours, adams, rtol=0, atol=1e-12)


def test_loss_scale_does_not_matter_with_momentum_and_decay() -> None:
    found = []
    for scale in (1.0, 1024.0):
        made = network(FeedbackAlignment())
        optimiser = sgd(made)
        batch_manhattan(optimiser, made)
        train(made, optimiser, scale=scale)
        found.append(weights(made))
    for first, second in zip(*found, strict=True):
        assert torch.equal(first, second)


def test_gradients_equal_to_their_signs_give_sgd() -> None:
    values = [nn.Parameter(torch.tensor([3.0, -2.0, 0.0, 1.0])) for _ in range(2)]
    slopes = torch.tensor([1.0, -1.0, 0.0, 1.0])
    optimisers = [torch.optim.SGD([value], lr=0.1, momentum=0.5) for value in values]
    batch_manhattan(optimisers[0], nn.Identity())
    for value, optimiser in zip(values, optimisers, strict=True):
        for _ in range(3):
            optimiser.zero_grad()
            (value * slopes).sum().backward()
            optimiser.step()
    assert torch.equal(*values)
    assert values[0][2] == 0.0


def test_kolen_pollack_feedback_equals_second_matrix(generator: torch.Generator) -> None:
    layer = RuleLinear(6, 5, bias=False, rule=KolenPollack()).double()
    wiring = connect(layer, seed=2)
    B = nn.Parameter(layer.feedback().clone())
    optimiser = torch.optim.SGD([layer.weight, B], lr=0.05, weight_decay=0.1, momentum=0.9)
    batch_manhattan(optimiser, layer)
    for _ in range(50):
        layer.weight.grad = torch.randn(5, 6, dtype=torch.float64, generator=generator)
        B.grad = layer.weight.grad.clone()
        optimiser.step()
        wiring.advance(learning_rate=0.05, weight_decay=0.1, momentum=0.9)
        assert torch.allclose(layer.feedback(), B.detach(), rtol=0, atol=1e-12)


def test_own_rate_weights_are_untouched_and_handle_removes_hook() -> None:
    found: list[list[Tensor]] = []
    for is_manhattan, is_removed in ((False, False), (True, False), (True, True)):
        made = network(Oja(send="none"))
        optimiser = sgd(made)
        if is_manhattan:
            handle = batch_manhattan(optimiser, made)
            if is_removed:
                handle.remove()
        train(made, optimiser)
        found.append(weights(made))
    plain, signs, removed = found
    assert torch.equal(signs[0], plain[0])  # the first convolution, under Oja
    assert not torch.equal(signs[-1], plain[-1])  # the bias of the classifier
    for mine, theirs in zip(removed, plain, strict=True):
        assert torch.equal(mine, theirs)
