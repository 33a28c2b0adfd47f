"""Judging a network leaves no trace on it."""

import pytest
import torch
from torch import nn

from evonas.evaluation.attacks.frozen_network import frozen


def network() -> nn.Sequential:
    """Training mode, but for one module; trainable, but for one parameter."""
    built = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    built[1].eval()
    built[0].bias.requires_grad_(False)
    return built


def flags(module: nn.Module) -> list[bool]:
    modes = [child.training for child in module.modules()]
    return modes + [parameter.requires_grad for parameter in module.parameters()]


def test_inside_everything_is_frozen_and_in_evaluation_mode() -> None:
    subject = network()
    with frozen(subject):
        assert not any(flags(subject))
        assert not subject(torch.rand(2, 3)).requires_grad


def test_every_flag_comes_back_one_by_one() -> None:
    subject = network()
    before = flags(subject)
    assert True in before
    assert False in before
    with frozen(subject):
        pass
    assert flags(subject) == before


def test_every_flag_comes_back_after_an_exception() -> None:
    subject = network()
    before = flags(subject)
    with pytest.raises(ZeroDivisionError), frozen(subject):
        raise ZeroDivisionError
    assert flags(subject) == before
