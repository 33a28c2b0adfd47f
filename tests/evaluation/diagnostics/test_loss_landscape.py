"""Loss landscape; oracles: the network's own loss, and a quadratic of known surface."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.diagnostics.loss_landscape import filter_normalised_direction, loss_surface

STEPS = [-1.0, -0.5, 0.0, 0.5, 1.0]


def linear(seed: int = 0) -> nn.Linear:
    layer = nn.Linear(4, 3).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layer


def test_direction_filters_have_the_norms_of_the_weights(trained: nn.Module) -> None:
    direction = filter_normalised_direction(trained, seed=0)
    weights = {n: p for n, p in trained.named_parameters() if p.dim() >= 2}
    assert direction.keys() == weights.keys()
    for name, weight in weights.items():
        lengths = direction[name].flatten(1).norm(dim=1)
        assert torch.allclose(lengths, weight.flatten(1).norm(dim=1), rtol=1e-5)
    other = filter_normalised_direction(trained, seed=1)
    assert not torch.equal(direction["1.weight"], other["1.weight"])


def test_surface_centre_is_the_loss_of_the_unchanged_network(
    trained: nn.Module, batch: tuple[Tensor, Tensor]
) -> None:
    images, labels = batch
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    trained.train()
    directions = tuple(filter_normalised_direction(trained, seed=seed) for seed in (0, 1))
    surface = loss_surface(
        trained, (directions[0], directions[1]), images, labels, steps=[-0.5, 0.0, 0.5]
    )
    assert trained.training
    with torch.no_grad():
        expected = F.cross_entropy(trained.eval()(images), labels).item()
    assert surface[1, 1].item() == pytest.approx(expected, rel=1e-6)
    assert (surface > surface[1, 1]).sum() == 8  # trained: the loss is higher all around
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())


def test_loss_surface_matches_an_explicit_quadratic() -> None:
    layer = linear()
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(20, 4, generator=generator).double()
    targets = torch.randn(20, 3, generator=generator).double()
    first, second = (filter_normalised_direction(layer, seed=seed) for seed in (2, 3))
    surface = loss_surface(layer, (first, second), inputs, targets, steps=STEPS, loss=F.mse_loss)
    residual = (inputs @ layer.weight.T + layer.bias - targets).detach()
    along = [(inputs @ direction["weight"].T).flatten() for direction in (first, second)]
    rest = residual.flatten()
    for row, a in enumerate(STEPS):
        for column, b in enumerate(STEPS):
            # |r + a u + b v|^2 multiplied out
            terms = [
                rest @ rest, 2 * a * rest @ along[0], 2 * b * rest @ along[1],
                a * a * along[0] @ along[0], b * b * along[1] @ along[1],
                2 * a * b * along[0] @ along[1],
            ]  # fmt: skip
            assert surface[row, column].item() == pytest.approx(float(sum(terms)) / 60, rel=1e-9)


def test_parameters_missing_from_directions_stay_unchanged() -> None:
    layer = linear()
    inputs, targets = torch.ones(2, 4).double(), torch.zeros(2, 3).double()
    surface = loss_surface(layer, ({}, {}), inputs, targets, steps=STEPS, loss=F.mse_loss)
    assert surface.unique().numel() == 1
