"""Layers among torch's: dtype, compilation, in-place operations; and the import guard."""

import importlib.util
from pathlib import Path

import pytest
import torch

import evonas.rules
from evonas.rules import RULES, KolenPollack, RuleConv2d, UniformSign, connect


def test_second_copy_of_rules_package_cannot_be_imported() -> None:
    path = Path(evonas.rules.__file__)
    spec = importlib.util.spec_from_file_location("rules", path)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=r"import the rules as evonas\.rules, not as rules"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_all_names_in_dunder_all_exist() -> None:
    assert all(hasattr(evonas.rules, name) for name in evonas.rules.__all__)


def test_kept_tensor_moves_with_layer_and_is_not_saved() -> None:
    layer = RuleConv2d(2, 2, 3, rule=KolenPollack())
    connect(layer, seed=0)
    layer.double()
    assert layer.kept is not None
    assert layer.kept.dtype == torch.float64
    assert "kept" not in layer.state_dict()


def test_layer_without_gradients_needs_no_feedback() -> None:
    layer = RuleConv2d(2, 2, 3, rule=UniformSign())  # not connected, and need not be
    with torch.no_grad():
        outputs = layer(torch.zeros(1, 2, 4, 4, requires_grad=True))
    assert not outputs.requires_grad


@pytest.mark.parametrize("name", ["bp", "fa", "usf", "frsf", "kp"])
def test_compiled_layer_sends_same_signal(name: str, generator: torch.Generator) -> None:
    layer = RuleConv2d(4, 4, 3, padding=1, rule=RULES[name]())
    connect(layer, seed=0)
    images = torch.randn(2, 4, 6, 6, generator=generator)
    signals: list[torch.Tensor] = []
    for run in (layer, torch.compile(layer, fullgraph=True, backend="aot_eager")):
        x = images.clone().requires_grad_()
        (sent,) = torch.autograd.grad(run(x).square().sum(), x)
        signals.append(sent)
    assert torch.allclose(signals[0], signals[1], rtol=1e-5, atol=1e-6)


def test_outputs_allow_in_place_operations() -> None:
    layer = RuleConv2d(2, 2, 3, rule=UniformSign())
    connect(layer, seed=0)
    outputs = layer(torch.ones(1, 2, 4, 4, requires_grad=True))
    outputs.relu_()  # in place, as torchvision's networks do
    outputs.sum().backward()
    assert layer.weight.grad is not None
