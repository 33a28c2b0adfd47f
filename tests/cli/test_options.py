"""Defaults that depend on each other, worked out by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from evonas.cli.options import RunOptions, default_batch, names, resolve
from evonas.evaluation.data import traits_of

OPTIONS = RunOptions(
    space="nas-bench-201", objectives="acc", rules=None, dataset="digits", data_dir=None,
    algorithm="nsga2", population=20, generations=None, evaluations=None, epochs=None,
    batch=None, images=None, channels=None, cells=None, epsilon=None, seed=0, device="cpu",
)  # fmt: skip


@pytest.mark.parametrize(
    ("num_images", "batch"),
    [(None, 256), (25_000, 256), (8192, 256), (8191, 128), (2000, 32), (99, 16)],
)
def test_an_epoch_of_few_images_still_has_thirty_two_steps(
    num_images: int | None, batch: int
) -> None:
    assert default_batch(traits_of("cifar10"), num_images) == batch


def test_what_the_user_does_not_say_the_data_set_says_and_then_the_space() -> None:
    config, space = resolve(OPTIONS, download=False)
    assert (config.epochs, config.batch, config.epsilon) == (6, 32, "16/255")
    assert (config.channels, config.cells) == (space.channels, space.cells) == (8, 1)
    assert config.rules == space.rule_choices
    given, _ = resolve(replace(OPTIONS, channels=4, epochs=1, epsilon="1/255"), download=False)
    assert (given.channels, given.epochs, given.epsilon) == (4, 1, "1/255")


@pytest.mark.parametrize(
    ("generations", "evaluations", "expected"),
    [(None, None, (4, 80)), (7, None, (7, 140)), (None, 50, (3, 50)), (2, 100, (2, 100))],
)
def test_the_length_of_a_run_is_the_shorter_of_what_is_given(
    generations: int | None, evaluations: int | None, expected: tuple[int, int]
) -> None:
    options = replace(OPTIONS, generations=generations, evaluations=evaluations)
    config, _ = resolve(options, download=False)
    assert (config.generations, config.evaluations) == expected


def test_names_are_split_at_commas_and_stripped() -> None:
    assert names(" acc, robust ,") == ("acc", "robust")


def test_the_data_folder_is_kept_absolute_so_that_a_run_can_be_resumed_from_anywhere() -> None:
    config, _ = resolve(replace(OPTIONS, data_dir=Path("somewhere")), download=False)
    assert config.data_dir == str(Path.cwd() / "somewhere")
