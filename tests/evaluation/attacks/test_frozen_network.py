"""``frozen`` restores every flag of a network."""

import pytest
import torch
from torch import nn

from evonas.evaluation.attacks.frozen_network import frozen


def network() -> nn.Sequential:
    """In training mode except one module; trainable except one parameter."""
    built = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    built[1].eval()
    built[0].bias.requires_grad_(False)
    return built


def flags(module: nn.Module) -> list[bool]:
    modes = [child.training for child in module.modules()]
    return modes + [parameter.requires_grad for parameter in module.parameters()]


def test_frozen_network_is_in_eval_mode_without_gradients() -> None:
    subject = network()
    with frozen(subject):
        assert not any(flags(subject))
        assert not subject(torch.rand(2, 3)).requires_grad


def test_every_flag_is_restored() -> None:
    subject = network()
    before = flags(subject)
    assert True in before
    assert False in before
    with frozen(subject):
        pass
    assert flags(subject) == before


def test_every_flag_is_restored_after_an_exception() -> None:
    subject = network()
    before = flags(subject)
    with pytest.raises(ZeroDivisionError), frozen(subject):
        raise ZeroDivisionError
    assert flags(subject) == before
