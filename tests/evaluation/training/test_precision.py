"""The effect of each precision, and that global settings are restored."""

import random
from typing import Any

import pytest
import torch

from evonas.errors import ConfigError
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.training.precision import arithmetic, check_precision
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.train import TrainedCandidate, train
from evonas.networks import build
from evonas.rules import RULES
from evonas.settings.machine import Precision
from evonas.space import load


def trained(precision: Precision, rule: str) -> TrainedCandidate:
    data = load_search_data("digits", seed=0, num_images=200)
    space = load("nas-bench-201").resized(channels=4, cells=1).with_rules((rule,))
    network = build(
        space, space.sample(random.Random(3)), input_shape=(1, 8, 8), num_classes=10, seed=0
    )
    recipe = Recipe(epochs=3, batch=40)
    return train(
        network, data.train, traits=data.traits, recipe=recipe, seed=0, precision=precision
    )


@pytest.mark.parametrize("rule", sorted(RULES))
def test_bf16_training_keeps_float32_weights_and_similar_losses(rule: str) -> None:
    exact, short = trained("fp32", rule), trained("bf16", rule)
    assert short.losses != exact.losses
    # factors have 8 bits: the first epoch can differ by a few hundredths at most
    assert short.losses[0] == pytest.approx(exact.losses[0], rel=0.05)
    assert {p.dtype for p in short.network.parameters()} == {torch.float32}
    assert not torch.is_autocast_enabled("cpu")


def test_float32_settings_are_restored_after_an_error() -> None:
    switches: Any = torch.backends
    before = switches.cudnn.conv.fp32_precision, switches.cuda.matmul.fp32_precision
    meanings: list[tuple[Precision, str]] = [("fp32", "ieee"), ("tf32", "tf32")]
    for precision, meaning in meanings:
        try:
            with arithmetic(precision, device_type="cuda"):
                assert switches.cudnn.conv.fp32_precision == meaning
                assert switches.cuda.matmul.fp32_precision == meaning
                raise KeyError
        except KeyError:
            now = switches.cudnn.conv.fp32_precision, switches.cuda.matmul.fp32_precision
            assert now == before


def test_work_on_gpu_uses_deterministic_algorithms_only(monkeypatch: pytest.MonkeyPatch) -> None:
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "deterministic", False)
    monkeypatch.setattr(cudnn, "benchmark", True)
    with arithmetic("tf32", device_type="cuda"):
        assert (cudnn.deterministic, cudnn.benchmark) == (True, False)
    assert (cudnn.deterministic, cudnn.benchmark) == (False, True)


def test_tf32_is_rejected_on_cpu() -> None:
    with pytest.raises(ConfigError, match="'tf32' is an arithmetic of CUDA devices"):
        check_precision("tf32", device="cpu")


def test_auto_precision_is_rejected_on_cuda() -> None:
    check_precision("auto", device="cpu")
    with pytest.raises(ConfigError, match="got the device cuda:0; there choose one of fp32, tf32"):
        check_precision("auto", device="cuda:0")


def test_supported_precisions_are_accepted() -> None:
    others: list[tuple[Precision, str]] = [("fp32", "cpu"), ("bf16", "cpu"), ("tf32", "cuda:1")]
    for precision, device in others:
        check_precision(precision, device=device)
