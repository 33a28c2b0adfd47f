"""Generational and steady-state plans, with and without rungs: who is trained, how long."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as load_weights
from safetensors.torch import load_file

from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.search.base import AbstractSearch
from evonas.search.engines import SEARCHES
from evonas.settings import Settings
from evonas.settings.search import MODES
from evonas.space import load
from evonas.study.executors.inline import InlineExecutor
from evonas.study.plans import base as plan
from evonas.study.plans import modes as module
from evonas.study.results.candidate import candidates_of, front
from evonas.study.results.progress import Progress
from evonas.study.results.result import StudyResult
from evonas.study.results.standing import plain_standings
from evonas.study.run import run_study
from evonas.study.shape import shaped_space
from evonas.study.weights import weights_path
from tests.small_run import changed
from tests.study.fake import Drawn

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]

HALVING: dict[str, Any] = {"fidelity": (1, 3, 9), "epochs": 9, "eta": 3}


def run_to_end(folder: Path, executor: Drawn) -> StudyResult:
    return run_study(folder, executor=executor, on_progress=lambda _: None)


def timeless(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    return [replace(evaluation, seconds=0.0) for evaluation in evaluations]


def trained_on_the_front(result: StudyResult) -> list[Evaluation]:
    return timeless([training for each in result.front for training in each.trainings])


def beliefs(result: StudyResult) -> list[object]:
    return [(c.key, c.values, c.errors, c.p_front, c.on_front) for c in result.candidates]


def test_every_mode_has_a_plan() -> None:
    assert set(module.PLANS) == set(MODES)


@pytest.mark.parametrize("algorithm", sorted(SEARCHES))
def test_steady_state_with_one_worker_asks_and_tells_singly(
    config: Settings, begin: Begin, algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objectives = ("acc", "params")[: SEARCHES[algorithm].max_objectives]
    log: list[str] = []
    ask, tell = AbstractSearch.ask, AbstractSearch.tell

    def asked(search: AbstractSearch, count: int) -> Any:
        log.append(f"ask {count}")
        return ask(search, count)

    def told(search: AbstractSearch, genomes: Any, *args: Any, **kwargs: Any) -> None:
        log.append(f"tell {len(genomes)}")
        tell(search, genomes, *args, **kwargs)

    monkeypatch.setattr(AbstractSearch, "ask", asked)
    monkeypatch.setattr(AbstractSearch, "tell", told)
    steady = changed(config, mode="steady", algorithm=algorithm, objectives=objectives)
    result = run_to_end(begin(steady, "run"), Drawn())
    assert log == (["ask 1", "tell 1"] * 12)[:-1]  # the last result is not told
    assert len(result.evaluations) == 12
    assert len(result.hypervolumes) == 3


@pytest.mark.parametrize("settings", [{}, HALVING])
def test_steady_state_keeps_all_workers_busy(
    config: Settings, begin: Begin, settings: dict[str, Any]
) -> None:
    executor = Drawn(3)
    run_to_end(begin(changed(config, mode="steady", **settings), "run"), executor)
    at_work = len(executor.loads) - executor.loads[::-1].index(3)
    assert executor.loads[:at_work] == [3] * at_work
    assert len({key for key, _ in executor.done[:at_work]}) >= 9  # then the run winds down


@pytest.mark.parametrize("replicates", ["1", "2", "auto"])
def test_generational_result_does_not_depend_on_completion_order(
    config: Settings, begin: Begin, replicates: str
) -> None:
    given = {"replicates": replicates, "generations": 5, "evaluations": 18}
    halving = changed(config, **given, **HALVING, constraints=("params<=8k",))
    results = [
        run_to_end(begin(halving, f"run-{number}"), Drawn(capacity, seed=number))
        for number, capacity in enumerate((1, 2, 5))
    ]
    is_repeated = any(e.replicate for e in results[0].evaluations)
    assert is_repeated == (replicates != "1")
    for other in results[1:]:
        assert timeless(results[0].evaluations) == timeless(other.evaluations)
        assert beliefs(results[0]) == beliefs(other)
        assert results[0].hypervolumes == other.hypervolumes


@pytest.mark.parametrize("mode", sorted(MODES))
def test_one_in_eta_candidates_is_promoted_per_rung(
    config: Settings, begin: Begin, mode: str
) -> None:
    executor = Drawn()
    halving = changed(config, mode=mode, population=9, evaluations=27, **HALVING)
    result = run_to_end(begin(halving, "run"), executor)
    num_failed = sum(e.failure is not None for e in result.evaluations)
    rungs = Counter(epochs for _, epochs in executor.done)
    assert rungs[1] == 27
    assert 9 - num_failed <= rungs[3] <= 9
    assert 3 - num_failed <= rungs[9] <= 4
    assert len(set(executor.done)) == len(executor.done)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_only_full_trainings_count_for_front_best_and_hypervolume(
    config: Settings, begin: Begin, mode: str
) -> None:
    seen: list[Progress] = []
    halving = changed(config, mode=mode, population=9, evaluations=27, **HALVING)
    folder = begin(halving, "run")
    result = run_study(folder, executor=Drawn(), on_progress=seen.append)
    full = [e for e in result.evaluations if e.epochs == 9 and e.failure is None]
    assert 0 < len(full) < 10
    assert {e.key for e in result.front} <= {e.key for e in full}
    assert seen[-1].best["acc"] == max(e.values["acc"] for e in full)
    first_full = next(i for i, p in enumerate(seen) if p.front_size)
    assert all(p.best == {} for p in seen[:first_full])
    assert not list((folder / "checkpoints").glob("*"))
    assert seen[-1].done == seen[-1].total == 27
    failed = sum(e.failure is not None for e in result.evaluations)
    assert seen[-1].epochs_done <= seen[-1].epochs_total <= seen[-1].epochs_done + 9 * failed


def test_promoted_candidate_equals_one_trained_straight_through(
    config: Settings, begin: Begin
) -> None:
    halving = changed(config, fidelity=(1, 2), epochs=2, eta=2, population=4, generations=1)
    folder = begin(halving, "run")
    result = run_study(folder, executor=InlineExecutor(), on_progress=lambda _: None)
    space = shaped_space(load("nas-bench-201"), halving)
    full = [e for e in result.evaluations if e.epochs == 2]
    assert len(full) == 2
    for evaluation in full:
        genome = space.parse(evaluation.genome)
        straight, weights = evaluate(space, genome, protocol=Protocol.of(halving))
        assert timeless([straight]) == timeless([evaluation])
        if evaluation.key in {c.key for c in result.front}:
            kept = load_file(weights_path(folder, evaluation.key))
            assert kept.keys() == load_weights(weights).keys()
            assert all(torch.equal(kept[name], w) for name, w in load_weights(weights).items())


def test_violating_free_constraint_costs_no_training_or_budget(
    config: Settings, begin: Begin, run: Run
) -> None:
    result = run(begin(changed(config, constraints=("params<=7k",)), "run"), 1)
    trained = [e for e in result.evaluations if e.epochs]
    refused = [e for e in result.evaluations if not e.epochs]
    assert len(trained) == 12
    assert refused
    assert all(e.violation > 0 and "acc" not in e.values for e in refused)
    assert all(e.values["params"] <= 7000 for e in trained)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_unsatisfiable_constraints_end_the_run(
    config: Settings, begin: Begin, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "MAX_REFUSALS", 30)
    impossible = changed(config, mode=mode, constraints=("params<=1",))
    executor = Drawn()
    result = run_to_end(begin(impossible, "run"), executor)
    assert executor.done == []
    assert result.front == []
    assert 30 <= len(result.evaluations) < 30 + config.search.population


@pytest.mark.parametrize("mode", sorted(MODES))
def test_gates_do_not_change_the_front(
    config: Settings, begin: Begin, run: Run, mode: str
) -> None:
    """A gate skips only what cannot matter; the search sees the same results either way."""
    both = changed(config, mode=mode, objectives=("acc", "robust"), generations=4, evaluations=16)
    skip, measure = (run(begin(changed(both, gate=gate), gate), 1) for gate in ("skip", "measure"))
    gated = [e for e in skip.evaluations if e.bounds]
    assert gated
    assert all("robust" not in e.values for e in gated)
    assert all("robust" in e.values for e in measure.evaluations if e.bounds)
    assert [e.key for e in skip.evaluations] == [e.key for e in measure.evaluations]
    assert trained_on_the_front(skip) == trained_on_the_front(measure)
    assert skip.hypervolumes == measure.hypervolumes
    blind = [replace(e, left_out=None, bounds={}) for e in measure.evaluations]
    objectives = both.problem.objectives
    candidates = candidates_of(blind, plain_standings(blind, both), objectives=objectives)
    assert {c.key for c in front(candidates, objectives)} == {c.key for c in skip.front}


def test_random_search_without_gates_has_same_front(
    config: Settings, begin: Begin, run: Run
) -> None:
    blind = changed(config, algorithm="random", objectives=("acc", "robust"))
    skip, off = (run(begin(changed(blind, gate=gate), gate), 1) for gate in ("skip", "off"))
    assert any(e.bounds for e in skip.evaluations)
    assert not any(e.bounds for e in off.evaluations)
    assert trained_on_the_front(skip) == trained_on_the_front(off)
