"""Oracles: the candidates of a run; the expected messages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.analysis.population import pool
from evonas.errors import ConfigError
from evonas.evaluation.record import Evaluation
from evonas.study.results.reading import RunState
from tests.analysis.populations import random_genomes, space_of
from tests.known_candidates import candidates
from tests.small_run import SMALL_RUN, changed

SPACE = space_of("fa", "usf", "brsf")


def state(name: str, *, count: int = 5, **settings: Any) -> RunState:
    """A run whose last candidate was rejected before training."""
    trainings = [
        Evaluation(
            key=SPACE.key(genome), genome=SPACE.format(genome),
            values={"acc": 0.5 + 0.01 * i, "params": 100.0 + i}, weights_by_rule={}, losses=(),
            epochs=int(i < count - 1), seconds=1.0, seed=i,
        )
        for i, genome in enumerate(random_genomes(SPACE, count, seed=0))
    ]  # fmt: skip
    return RunState(
        folder=Path(name),
        settings=changed(SMALL_RUN, **settings),
        evaluations=trainings,
        candidates=candidates(trainings, ("acc", "params")),
        confirmed={},
        audited={},
    )


def test_population_lists_trained_candidates_run_by_run() -> None:
    runs = [state("a"), state("b", seed=1)]
    found = pool(runs, [SPACE, SPACE])
    trained = [c for run in runs for c in run.candidates if c.representative.epochs]
    assert [m.key for m in found.members] == [c.key for c in trained]
    assert [m.run for m in found.members] == [0] * 4 + [1] * 4
    assert [m.on_front for m in found.members] == [c.on_front for c in trained]
    assert len(found.front) == sum(c.on_front for c in trained)
    assert [m.values for m in found.members] == [c.values for c in trained]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objectives": ("acc", "robust")}, r"b: expected the objectives of a \(acc, params\)"),
        ({"rules": ("fa", "usf")}, r"b: expected rules .* as in a"),
        ({"epochs": 2}, "b: expected epochs 1 as in a, found 2"),
        ({"dataset": "cifar10"}, "b: expected dataset 'digits' as in a, found 'cifar10'"),
    ],
)
def test_runs_with_different_problems_are_rejected(settings: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        pool([state("a"), state("b", **settings)], [SPACE, SPACE])


def test_runs_of_different_spaces_with_equal_names_are_rejected() -> None:
    other = replace(SPACE, channels=8)
    with pytest.raises(
        ConfigError, match="is not that of a; the two differ but have the same name"
    ):
        pool([state("a"), state("b")], [SPACE, other])


def test_runs_may_differ_in_seed_and_objective_order() -> None:
    runs = [state("a"), state("b", objectives=("params", "acc"), seed=5, split_seed=7)]
    assert len(pool(runs, [SPACE, SPACE]).members) == 8


def test_run_without_trainings_is_rejected() -> None:
    with pytest.raises(ConfigError, match="a: nothing to analyse"):
        pool([state("a", count=1)], [SPACE])
