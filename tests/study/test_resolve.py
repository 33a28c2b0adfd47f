"""How given and missing settings are resolved for a run."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import joblib
import pytest

from evonas.errors import ConfigError, SpaceError, UnknownNameError
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.protocol import Protocol
from evonas.settings import SETTINGS, Settings
from evonas.settings.reading import read_settings
from evonas.space import load
from evonas.study.executors.device import SLOTS
from evonas.study.resolve import default_batch, resolve, worker_count


def resolved(**given: Any) -> Settings:
    return resolve(read_settings({"space": "nas-bench-201", "device": "cpu", **given}))


def test_every_result_setting_is_resolved() -> None:
    assert not [name for name in resolved().left_open if SETTINGS[name].decides_result]


def test_missing_space_and_unknown_data_set_are_rejected() -> None:
    with pytest.raises(ConfigError, match="expected a search space, got none"):
        resolve(Settings())
    with pytest.raises(UnknownNameError, match="'cifar'; did you mean 'cifar10'"):
        resolved(dataset="cifar")


def test_defaults_come_from_data_set_then_space() -> None:
    traits, space, config = traits_of("digits"), load("nas-bench-201"), resolved()
    assert (config.training.epochs, config.training.batch, config.attack.epsilon) == (
        traits.epochs, traits.batch, traits.epsilon,
    )  # fmt: skip
    assert (config.training.channels, config.training.cells) == (traits.channels, traits.cells)
    assert (traits.channels, traits.cells) != (space.channels, space.cells)
    assert config.problem.rules == space.rule_choices
    assert (config.search.generations, config.search.evaluations, config.training.images) == (
        4,
        80,
        None,
    )


def test_given_settings_are_kept() -> None:
    given = {
        "epochs": 9, "batch": 16, "images": 300, "channels": 12, "cells": 2, "epsilon": "3/255",
        "seed": 5, "population": 6, "generations": 7, "evaluations": 40, "algorithm": "random",
    }  # fmt: skip
    config = resolved(**given, rules=" kp, fa ,", objectives="params,acc")
    assert {name: config.value(name) for name in given} == given
    assert (config.problem.rules, config.problem.objectives) == (("kp", "fa"), ("params", "acc"))


@pytest.mark.parametrize("reads_data", [True, False])
def test_auto_precision_resolves_to_fp32_or_bf16(reads_data: bool) -> None:
    given = read_settings({"space": "tiny", "device": "cpu", "precision": "auto", "channels": 4})
    found = resolve(given, reads_data=reads_data)
    assert found.machine.precision in ("fp32", "bf16")
    assert resolve(found).machine.precision == found.machine.precision


def test_training_radius_defaults_to_attack_radius() -> None:
    assert resolved().training.training_epsilon is None
    assert resolved(training_epsilon=None).training.training_epsilon is None
    one = resolved(training_method="pgd-7")
    assert one.training.training_epsilon == one.attack.epsilon == "16/255"
    other = resolved(training_method="fgsm", training_epsilon="0.1", epsilon="8/255")
    assert (other.training.training_epsilon, other.attack.epsilon) == ("0.1", "8/255")
    recipe = Protocol.of(other).recipe
    assert recipe.adversary is not None
    assert recipe.adversary.epsilon == Fraction(1, 10)
    assert Protocol.of(resolved()).recipe.adversary is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training_method": "pdg-7"}, "training: expected standard, fgsm, or pgd-K .*'pdg-7'"),
        ({"training_epsilon": "8/255"}, "standard training has no radius, got 8/255"),
        ({"training_method": "fgsm", "training_epsilon": "0"}, "training_epsilon: at 0"),
        ({"training_method": "fgsm", "training_epsilon": "x"}, "training_epsilon: expected"),
        ({"training_method": "fgsm", "training_epsilon": "2"}, "training_epsilon: expected"),
    ],
)
def test_invalid_adversarial_training_is_rejected(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolved(**given)


@pytest.mark.parametrize(
    ("population", "generations", "evaluations", "lengths"),
    [
        (20, 3, None, (3, 60)),
        (20, None, 40, (2, 40)),
        (20, None, 41, (3, 41)),  # the last generation is a small one
        (20, 3, 41, (3, 41)),
        (20, None, 5, (1, 5)),
    ],
)
def test_generations_and_evaluations_determine_each_other(
    population: int, generations: int | None, evaluations: int | None, lengths: tuple[int, int]
) -> None:
    config = resolved(population=population, generations=generations, evaluations=evaluations)
    assert (config.search.generations, config.search.evaluations) == lengths


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ()),
        ({"mutation": "eg"}, ("similarity",)),
        ({"mutation": "eg", "eg_without": "none"}, ()),
        ({"mutation": "eg", "eg_without": "cma, score"}, ("cma", "score")),
    ],
)
def test_eg_similarity_is_off_by_default(given: dict[str, str], expected: tuple[str, ...]) -> None:
    assert resolved(**given).search.eg_without == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ()),  # genomes choose rules
        ({"rules": "usf"}, ("free",)),
        ({"rules": "usf", "signals": "none"}, ()),
        ({"rules": "usf", "signals": "naswot"}, ("naswot",)),
        ({"rules": "usf,fa"}, ()),
        ({"rules": "usf,fa", "signals": "free"}, ("free",)),
        ({"rules": "usf", "algorithm": "nsga2"}, ()),  # has no model
        ({"rules": "usf", "algorithm": "bionas-eg"}, ()),
    ],
)
def test_signals_are_free_by_default_where_a_model_can_learn_from_size(
    given: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert resolved(**given).search.signals == expected


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"rules": "usf", "signals": "depth-profile"}, ConfigError, "have the rule 'usf'"),
        ({"space": "nats-size", "signals": "supernet-loss"}, SpaceError, "engine and signals"),
    ],
)
def test_signals_that_the_space_does_not_have_are_rejected(
    given: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        resolved(**given)


@pytest.mark.parametrize(
    ("num_images", "batch"),
    [(None, 256), (25_000, 256), (8192, 256), (8191, 128), (2000, 32), (99, 16)],
)
def test_default_batch_shrinks_for_few_images(num_images: int | None, batch: int) -> None:
    assert default_batch(traits_of("cifar10"), num_images) == batch


def test_batch_may_equal_number_of_images() -> None:
    assert resolved(images=50, batch=50).training.batch == 50


def test_relative_data_folder_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolved(data_dir=Path("here")).training.data_dir == str(tmp_path / "here")


def test_worker_count_defaults_to_cores() -> None:
    def count(**given: Any) -> int:
        return worker_count(read_settings({"device": "cpu", "population": 99, **given}))

    assert count() == joblib.cpu_count()
    assert count(workers=3) == 3
    assert count(device="cuda") == SLOTS
    assert count(workers=9, population=4) == 4  # no more than a generation can use
