"""Recipes: the shipped ones, the schedule against torch's, and rejected files."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.final.recipe import FinalRecipe, load_recipe, recipe_names

RECIPE = FinalRecipe(description="", epochs=10, batch=4, learning_rate=0.2, warmup_epochs=3)


def test_every_shipped_recipe_loads_with_a_description() -> None:
    assert set(recipe_names()) == {
        "bionas-cifar10", "bionas-cifar100", "bionas-imagenet", "bionas-imagenet16-120", "darts",
        "fast-cifar10", "fast-cifar10-long", "fast-cifar10-wide", "nas-bench-201", "resnet20",
        "resnet56", "short", "vgg8b-local",
    }  # fmt: skip
    for name in recipe_names():
        assert load_recipe(name).description
        assert load_recipe(name).source or name == "short"


def test_every_number_of_published_recipes_cites_its_source() -> None:
    for name in set(recipe_names()) - {"short"}:
        text = (files("evonas.evaluation.final") / "recipes" / f"{name}.yaml").read_text()
        lines = text.splitlines()[2:]  # below description and source
        assert all("#" in line for line in lines), name


def test_resnet_recipes_make_64000_steps() -> None:
    for name in ("resnet20", "resnet56"):  # 64,000 steps: section 4.2 of arXiv 1512.03385
        recipe = load_recipe(name)
        steps = recipe.epochs * (45_000 // recipe.batch)
        assert abs(steps - 64_000) <= 45_000 // recipe.batch
        assert (recipe.learning_rate, recipe.weight_decay) == (0.1, 1e-4)


def test_nas_bench_201_recipe_matches_the_paper() -> None:
    recipe = load_recipe("nas-bench-201")
    found = recipe.epochs, recipe.batch, recipe.learning_rate, recipe.momentum, recipe.weight_decay
    assert found == (200, 256, 0.1, 0.9, 5e-4)  # table 1 of arXiv 2001.00326


def test_warmup_and_cosine_match_torchs_schedules() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([parameter], lr=RECIPE.learning_rate)
    rising = torch.optim.lr_scheduler.LinearLR(
        optimiser, start_factor=1 / 4, total_iters=RECIPE.warmup_epochs
    )
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimiser, T_max=RECIPE.epochs - RECIPE.warmup_epochs
    )
    schedule = torch.optim.lr_scheduler.SequentialLR(
        optimiser, [rising, falling], milestones=[RECIPE.warmup_epochs]
    )
    expected = []
    for _ in range(RECIPE.epochs):
        expected += schedule.get_last_lr()
        optimiser.step()
        schedule.step()
    found = [RECIPE.descent.learning_rate_at(epoch) for epoch in range(RECIPE.epochs)]
    assert found == pytest.approx(expected)


def test_schedule_without_warmup_is_the_plain_cosine() -> None:
    plain = replace(RECIPE, warmup_epochs=0).descent
    assert [plain.share_at(epoch) for epoch in (0, 5)] == pytest.approx([1.0, 0.5])


@pytest.mark.parametrize("name", ["flips", "views"])
def test_recipe_from_python_is_checked_like_a_file(name: str) -> None:
    """An unknown word would otherwise silently mean one of the known ones."""
    with pytest.raises(ValueError, match=f"{name}: expected one of .*, got flip$"):
        replace(RECIPE, **{name: "flip"})  # type: ignore[arg-type]


def test_recipe_file_errors_are_all_reported(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("description: mine\nepochs: 3\nbatch: 8\nlearning_rate: 0.1\nmixup: 0.2\n")
    assert load_recipe(path).mixup == 0.2
    path.write_text("description: mine\nepochs: 0\nbatch: 8\nlearning_rate: 0\nmomentum: 1.0\n")
    with pytest.raises(ConfigError, match="3 problems") as told:
        load_recipe(path)
    assert "$.epochs: expected at least 1, got 0" in str(told.value)
    path.write_text("description: mine\nepochs: 3\nbatch: 8\nlearning_rate: 0.1\ncutuot: 3\n")
    with pytest.raises(ConfigError, match="cutuot"):
        load_recipe(path)


def test_unknown_recipe_is_rejected_with_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'short'"):
        load_recipe("shrt")
