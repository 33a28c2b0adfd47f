"""Jobs of a plan for given results: who is promoted, when, and with which rivals."""

from collections.abc import Iterator
from typing import Any

import pytest

from evonas.evaluation.record import Evaluation
from evonas.search.replicates.replicated_engines import (
    make_replicated_search,
    parse_replicates,
)
from evonas.settings import Settings
from evonas.settings.search import MODES
from evonas.space import load
from evonas.study.plans.base import AbstractPlan
from evonas.study.plans.job import Job
from evonas.study.plans.modes import PLANS
from evonas.study.shape import shaped_space
from tests.small_run import changed

HALVING: dict[str, Any] = {"fidelity": (1, 3, 9), "epochs": 9, "eta": 3}


def plan_of(config: Settings) -> AbstractPlan:
    space = shaped_space(load(config.problem.space), config)
    search = make_replicated_search(
        "random",
        space,
        population=config.search.population,
        num_objectives=len(config.problem.objectives),
        seed=0,
        replicates=parse_replicates(config.search.replicates),
    )
    return PLANS[config.search.mode](search, space, config, screen=lambda _: None)


def result(job: Job, values: dict[str, float], *, failure: str | None = None) -> Evaluation:
    left_out = None if job.epochs == 9 or failure else "stopped after a rung"
    return Evaluation(
        job.key, "", values, {}, (), job.epochs, 0.0, 0, failure=failure, left_out=left_out,
        replicate=job.replicate,
    )  # fmt: skip


def orders(plan: AbstractPlan, values: Iterator[dict[str, float]]) -> list[Job]:
    """All jobs of a plan with one worker; each job gets the next values."""
    ordered: list[Job] = []
    waiting: list[Job] = []
    while waiting or (waiting := plan.next_jobs()):
        job = waiting.pop(0)
        ordered.append(job)
        plan.take(result(job, next(values)))
    return ordered


def accuracies(*values: float) -> Iterator[dict[str, float]]:
    return iter([{"acc": value} for value in values])


def test_steady_state_promotes_best_of_eta_before_new_candidates(
    config: Settings,
) -> None:
    steady = changed(config, mode="steady", objectives=("acc",), evaluations=9, **HALVING)
    rungs = (
        *(0.1, 0.3, 0.2, 0.31),  # the second is promoted
        *(0.6, 0.5, 0.4, 0.61),  # the first
        *(0.7, 0.8, 0.9, 0.71),  # the third, which is overtaken later
        0.99,
    )
    ordered = orders(plan_of(steady), accuracies(*rungs))
    assert [job.epochs for job in ordered] == [1, 1, 1, 3, 1, 1, 1, 3, 1, 1, 1, 3, 9]
    keys = [job.key for job in ordered]
    assert [keys.index(key) for key in keys] == [0, 1, 2, 1, 4, 5, 6, 4, 8, 9, 10, 10, 10]


def test_steady_state_finishes_the_rest_when_best_is_promoted(
    config: Settings,
) -> None:
    plan = plan_of(changed(config, mode="steady", objectives=("acc",), **HALVING))
    jobs = [job for _ in range(3) for job in plan.next_jobs()]
    for job, acc in zip(jobs, (0.2, 0.3, 0.1), strict=True):
        assert plan.finished == []
        plan.take(result(job, {"acc": acc}))
    assert plan.finished == [jobs[0].id, jobs[2].id]
    assert plan.unfinished == {(jobs[1].key, 1)}


def test_rest_smaller_than_eta_still_promotes_its_best(config: Settings) -> None:
    steady = changed(config, mode="steady", objectives=("acc",), evaluations=2, **HALVING)
    ordered = orders(plan_of(steady), accuracies(0.1, 0.2, 0.3, 0.4))
    keys = [job.key for job in ordered]
    assert [job.epochs for job in ordered] == [1, 1, 3, 9]
    assert [keys.index(key) for key in keys] == [0, 1, 1, 1]


def test_generational_plan_promotes_best_third_of_rung_together(config: Settings) -> None:
    halving = changed(config, objectives=("acc",), population=9, evaluations=18, **HALVING)
    one = (*(0.1, 0.2, 0.9, 0.3, 0.4, 0.8, 0.5, 0.7, 0.6), *(0.8, 0.9, 0.7), 0.95)
    ordered = orders(plan_of(halving), accuracies(*one, *one))
    keys = [job.key for job in ordered]
    for start in (0, 13):
        bracket = ordered[start : start + 13]
        assert [job.epochs for job in bracket] == [1] * 9 + [3] * 3 + [9]
        places = [keys.index(key) - start for key in keys[start + 9 : start + 13]]
        assert places == [2, 5, 7, 5]


def test_generational_plan_waits_for_whole_rung(
    config: Settings,
) -> None:
    plan = plan_of(changed(config, objectives=("acc",), population=9, **HALVING))
    for number in (9, 3, 1):
        jobs = plan.next_jobs()
        assert len(jobs) == number
        for job in jobs:
            assert plan.next_jobs() == []
            assert plan.finished == []
            plan.take(result(job, {"acc": 0.5}))


def test_failed_promoted_candidates_are_not_replaced(config: Settings) -> None:
    halving = changed(config, objectives=("acc",), population=3, evaluations=6, **HALVING)
    plan = plan_of(halving)
    for job in plan.next_jobs():
        plan.take(result(job, {"acc": 0.5}))
    (job,) = plan.next_jobs()
    plan.take(result(job, {}, failure="diverged: later"))
    assert {job.generation for job in plan.next_jobs()} == {1}


def dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def front(points: set[tuple[float, ...]]) -> set[tuple[float, ...]]:
    return {p for p in points if not any(dominates(q, p) for q in points)}


@pytest.mark.parametrize("settings", [{"epochs": 9}, HALVING])
@pytest.mark.parametrize("mode", sorted(MODES))
def test_rivals_are_front_of_fully_trained_when_job_is_ordered(
    config: Settings, mode: str, settings: dict[str, Any]
) -> None:
    """In generational mode: the front of all earlier generations, in any order of completion."""
    plan = plan_of(changed(config, mode=mode, population=9, evaluations=36, **settings))
    found: dict[int, set[tuple[float, ...]]] = {0: set()}  # by generation; steady: 0
    sizes, waiting, count = set(), list[Job](), 0
    while waiting or (waiting := plan.next_jobs()):
        job = waiting.pop(0)
        before = found.values() if mode == "steady" else [found[g] for g in range(job.generation)]
        expected = front(set().union(*before))
        assert set(job.rivals) == expected
        sizes.add(len(expected))
        count += 1
        acc, params = (count * 0.37) % 1, (count * 0.61) % 1
        plan.take(result(job, {"acc": acc, "params": params}))
        if job.epochs == 9:
            where = job.generation if mode == "generational" else 0
            found.setdefault(where, set()).add((-acc, params))
        found.setdefault(job.generation, set())
    assert max(sizes) > 1


@pytest.mark.parametrize("mode", sorted(MODES))
def test_replicates_train_fully_without_rivals(config: Settings, mode: str) -> None:
    """Candidates that stopped or failed on a rung get no replicates."""
    given = {"mode": mode, "population": 9, "evaluations": 60, "generations": 9}
    plan = plan_of(changed(config, **given, **HALVING, replicates="3"))
    values = ({"acc": (n * 0.37) % 1, "params": (n * 0.61) % 1} for n in range(1000))
    ordered = orders(plan, values)
    again = [job for job in ordered if job.replicate]
    assert again
    assert {(job.epochs, job.is_promoted, job.rivals) for job in again} == {(9, False, ())}
    assert any(job.rivals for job in ordered if not job.replicate)
    promoted = [job.key for job in ordered if job.epochs == 9 and not job.replicate]
    assert {job.key for job in again} <= set(promoted)
    trainings = {job.id for job in ordered}
    assert len(trainings) == 60
    assert sum(job.epochs for job in again) == 9 * len(again)
    assert plan.total_epochs >= sum(each.epochs for each in plan.evaluations)
