"""Numbers of NumPy, torch and pandas are those of Python; what is no number is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import evonas
from evonas.errors import ConfigError, DataError

GENOME = "|conv_3x3~0|+|skip~0|+|skip~1| @ kp*2"
SMALL: dict[str, Any] = {"images": 60, "batch": 20, "channels": 4, "rules": ["kp"]}


def test_settings_may_be_numbers_of_other_packages() -> None:
    odd: dict[str, Any] = {
        "replicate": np.int64(1),
        "epochs": np.int64(1), "learning_rate": np.float32(0.5), "seed": torch.tensor(3),
        "objectives": pd.Series(["acc", "params"]), "dataset": np.str_("digits"),
    }  # fmt: skip
    plain = {"epochs": 1, "learning_rate": 0.5, "seed": 3, "objectives": ["acc", "params"]}
    found = evonas.evaluate("tiny", GENOME, **{**SMALL, **odd})
    expected = evonas.evaluate("tiny", GENOME, replicate=1, **{**SMALL, **plain})
    assert found.values == expected.values


def test_training_with_numbers_of_numpy_is_that_with_numbers(tmp_path: Path) -> None:
    models = []
    kinds: list[Any] = [int, np.int64]
    for number, kind in enumerate(kinds):
        report = evonas.train(
            space="tiny", genome=GENOME, dataset="digits", recipe="short", epochs=kind(3),
            batch=kind(500), channels=kind(4), split_seed=kind(2), seeds=kind(1), rules=["kp"],
            out=tmp_path / str(number), progress=False,
        )  # fmt: skip
        models.append(report.results[0].model_sha256)
    assert models[0] == models[1]
    texts = [(tmp_path / name / "config.yaml").read_text() for name in "01"]
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "name",
    ["epochs", "batch", "channels", "cells", "image_size", "split_seed", "seeds", "processes"],
)
def test_fractions_are_refused(name: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {name: 4.5}
    with pytest.raises(ConfigError, match=f"{name}: expected a whole number, got 4.5"):
        evonas.train(
            space="tiny",
            genome=GENOME,
            dataset="digits",
            progress=False,
            out=tmp_path / "out",
            **given,
        )
    with pytest.raises(ConfigError, match="learning_rate: expected a number, got"):
        evonas.train(space="tiny", genome=GENOME, dataset="digits", learning_rate="0.1")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="replicate: expected a whole number"):
        evonas.evaluate("tiny", GENOME, replicate=4.5)  # type: ignore[arg-type]


def test_attack_takes_radii_of_other_packages() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    images, labels = torch.rand(4, 3, 2, 2), torch.tensor([0, 1, 2, 0])
    radii: list[Any] = [
        0.25, np.float32(0.25), np.array(0.25), torch.tensor([0.25]), [np.int64(1)],
    ]  # fmt: skip
    seed: Any = np.int64(1)
    found = [
        evonas.attack(network, images, labels, epsilon=each, seed=seed, progress=False)
        for each in radii
    ]
    assert [list(each.worst_case) for each in found] == [["1/4"]] * 4 + [["255/255"]]
    with pytest.raises(DataError, match=r"images: expected a torch\.Tensor, got ndarray"):
        evonas.attack(network, images.numpy(), labels)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="seed of an attack: expected a whole number"):
        evonas.attack(network, images, labels, seed=0.5)  # type: ignore[arg-type]
