"""The main loop: equal seeds give equal results, for any workers, after any interruption."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load

from evonas.errors import StorageError
from evonas.evaluation.evaluate import evaluate
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.settings.search import MODES
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.executors.base import AbstractExecutor
from evonas.study.executors.inline import InlineExecutor
from evonas.study.executors.make import make_executor
from evonas.study.executors.order import Order, Result
from evonas.study.journal.journal import Journal
from evonas.study.results.candidate import Candidate, counted
from evonas.study.results.likely import likely_front
from evonas.study.results.progress import Progress
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from evonas.study.weights import weights_path
from tests.journals import forge
from tests.small_run import changed
from tests.study.fake import Drawn

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]


def timeless(evaluations: list[Evaluation]) -> list[Evaluation]:
    return [replace(evaluation, seconds=0.0) for evaluation in evaluations]


def models(folder: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in (folder / "models").iterdir()}


def test_one_and_two_workers_give_equal_results(config: Settings, begin: Begin, run: Run) -> None:
    one, two = begin(config, "one"), begin(config, "two")
    first, second = run(one, 1), run(two, 2)
    assert len(first.evaluations) == 12
    assert timeless(first.evaluations) == timeless(second.evaluations)
    assert first.hypervolumes == second.hypervolumes
    assert models(one) == models(two)


def test_no_key_is_evaluated_twice(config: Settings, begin: Begin, run: Run) -> None:
    result = run(begin(config, "run"), 1)
    assert len({evaluation.key for evaluation in result.evaluations}) == 12


def test_only_weights_of_front_are_kept(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(config, "run")
    result = run(folder, 1)
    assert set(models(folder)) == {evaluation.key for evaluation in result.front}
    assert 0 < len(result.front) < 12


def test_number_of_evaluations_is_respected(config: Settings, begin: Begin) -> None:
    seen: list[Progress] = []
    folder = begin(changed(config, evaluations=6), "run")
    result = run_study(folder, executor=make_executor(1), on_progress=seen.append)
    assert len(result.evaluations) == 6
    assert {progress.total for progress in seen} == {6}
    assert [progress.generation for progress in seen] == [0, 0, 0, 0, 1, 1]


def test_different_seeds_ask_for_different_candidates(
    config: Settings, begin: Begin, run: Run
) -> None:
    first, second = (
        run(begin(changed(config, seed=seed, generations=1), str(seed)), 1) for seed in (0, 1)
    )
    assert {e.key for e in first.evaluations}.isdisjoint(e.key for e in second.evaluations)


class Backwards(AbstractExecutor):
    """Completes candidates in reverse order, as a pool may."""

    name = "backwards"

    def __init__(self) -> None:
        self._orders: list[Order] = []

    @property
    def capacity(self) -> int:
        return 4

    def submit(self, order: Order) -> None:
        self._orders.append(order)

    def next_done(self) -> Result:
        order = self._orders.pop()
        return evaluate(order.space, order.genome, protocol=order.protocol, stage=order.stage)

    def close(self) -> None:
        self._orders.clear()


def test_completion_order_does_not_change_result(config: Settings, begin: Begin, run: Run) -> None:
    expected = run(begin(config, "one"), 1)
    folder = begin(config, "other")
    result = run_study(folder, executor=Backwards(), on_progress=lambda _: None)
    assert timeless(result.evaluations) == timeless(expected.evaluations)
    assert result.hypervolumes == expected.hypervolumes


def test_weights_are_written_before_journal_entry(
    config: Settings, begin: Begin, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(changed(config, generations=1), "run")
    record_tell = Journal.record_tell
    weights_there: dict[str, bool] = {}

    def tell(journal: Journal, evaluation: Evaluation, *, attempt: int) -> None:
        weights_there[evaluation.key] = weights_path(folder, evaluation.key).exists()
        record_tell(journal, evaluation, attempt=attempt)

    monkeypatch.setattr(Journal, "record_tell", tell)
    assert all(weights_there[e.key] for e in run(folder, 1).front)


def test_exhausted_space_ends_the_run(config: Settings, begin: Begin, run: Run) -> None:
    small = changed(config, space="tiny", rules=("fa",), population=4, generations=2)
    assert len(run(begin(small, "run"), 1).evaluations) == 8


@pytest.mark.parametrize("candidates", [1, 4, 6, 11])
def test_interrupted_run_resumes_to_equal_results(
    config: Settings, begin: Begin, run: Run, candidates: int
) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done == candidates:
            raise KeyboardInterrupt

    config = changed(config, seed=1)  # its front comes from the second and third generation
    whole, broken = begin(config, "whole"), begin(config, "broken")
    expected = run(whole, 1)
    with pytest.raises(KeyboardInterrupt):
        run_study(broken, executor=InlineExecutor(), on_progress=interrupt)
    result = run(broken, 1)
    assert timeless(result.evaluations) == timeless(expected.evaluations)
    assert result.hypervolumes == expected.hypervolumes
    assert models(broken) == models(whole)


def of_five(config: Settings, folder: Path, **changes: Any) -> Settings:
    """Create a run in a space with five networks, and return its settings."""
    small = changed(config, rules=("fa",), algorithm="random", **changes)
    one_edge = source_text("nas-bench-201").replace("nodes: 3", "nodes: 1")
    create_run(folder, small, space_text=one_edge)
    return small


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("population", [2, 4, 7])
def test_exhausted_space_still_trains_all_replicates(
    config: Settings, tmp_path: Path, mode: str, population: int
) -> None:
    given = {"mode": mode, "population": population, "generations": 20, "evaluations": 30}
    of_five(config, tmp_path / "run", **given, replicates="3")
    result = run_study(tmp_path / "run", executor=Drawn(), on_progress=lambda _: None)
    assert [candidate.replicates for candidate in result.candidates] == [3] * 5


def test_kept_weights_are_of_first_training_without_collapse(
    config: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    of_five(config, folder, population=5, generations=20, evaluations=20, replicates="4")
    result = run_study(folder, executor=Drawn(), on_progress=lambda _: None)
    lost = {c.key: c.collapsed for c in result.candidates}
    assert set(lost.values()) > {0}
    for each in result.candidates:
        alive = [t for t in each.trainings if t.failure is None and (t.learned or 0.0) > 0.0]
        assert each.representative == alive[0]
    for key, weights in models(folder).items():
        candidate = next(c for c in result.candidates if c.key == key)
        assert load(weights)[key].item() == candidate.representative.replicate
    assert set(models(folder)) == {c.key for c in likely_front(result.candidates)}


def test_resuming_a_finished_run_trains_nothing(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(changed(config, seed=1), "run")
    result, kept = run(folder, 1), models(folder)
    (folder / "models" / f"{result.front[0].key}.tmp").write_bytes(b"half")
    again = run(folder, 1)
    assert again.evaluations == result.evaluations  # seconds included: nothing was trained again
    assert models(folder) == kept
    assert not list((folder / "models").glob("*.tmp"))


def test_tables_never_shrink_during_replay(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(config, "run")
    result = run(folder, 1)
    seen: list[list[Candidate]] = []
    run_study(
        folder,
        executor=make_executor(1),
        on_progress=lambda _: None,
        on_generation=lambda candidates: seen.append(list(candidates)),
    )
    assert seen
    assert all(candidates == result.candidates for candidates in seen)


def test_missing_weights_of_front_are_retrained(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(changed(config, seed=1), "run")
    result, kept = run(folder, 1), models(folder)
    weights_path(folder, result.front[0].key).unlink()
    assert run(folder, 1).evaluations == result.evaluations
    assert models(folder) == kept


def test_missing_weights_that_retrain_to_different_values_raise(
    config: Settings, begin: Begin, run: Run
) -> None:
    folder = begin(config, "run")
    key = run(folder, 1).front[0].key
    weights_path(folder, key).unlink()
    forge(
        folder, "told", lambda told: {**told, "values": {**told["values"], "acc": 0.99}}
        if told["key"] == key else told,
    )  # fmt: skip
    with pytest.raises(StorageError, match=rf"{key}\.safetensors: missing or damaged, and"):
        run(folder, 1)


def test_failed_candidates_are_recorded_but_never_on_front(
    config: Settings, run: Run, tmp_path: Path
) -> None:
    """A third of this space is dead networks, which give an attack no gradient."""
    folder = tmp_path / "run"
    text = source_text("nas-bench-201").replace("nodes: 3", "nodes: 1")
    for operation in ("nor_conv_3x3", "avg_pool_3x3"):
        text = re.sub(rf"\n *{operation}: .*", "", text)
    both = changed(config, objectives=("acc", "robust"), generations=1)
    create_run(folder, both, space_text=text)
    result = run(folder, 1)
    failed = {e.key for e in result.evaluations if e.failure is not None}
    assert 0 < len(failed) < len(result.evaluations)
    assert all("masked: " in str(e.failure) for e in result.evaluations if e.key in failed)
    assert result.front
    assert not failed & {e.key for e in result.front}
    assert set(models(folder)) == {e.key for e in result.front}


def test_journal_of_other_candidates_is_rejected(config: Settings, begin: Begin, run: Run) -> None:
    folder = begin(config, "run")
    run(folder, 1)
    forge(folder, "asked", lambda asked: {**asked, "key": f"f{asked['key'][1:]}"})
    with pytest.raises(
        StorageError,
        match="generation 0 of this run cannot be reproduced: it held other candidates",
    ):
        run(folder, 1)


def test_progress_counts_up_and_hypervolume_never_falls(config: Settings, begin: Begin) -> None:
    seen: list[Progress] = []
    run_study(begin(config, "run"), executor=make_executor(1), on_progress=seen.append)
    assert [progress.done for progress in seen] == list(range(1, 13))
    assert {progress.total for progress in seen} == {12}
    volumes = [progress.hypervolume for progress in seen]
    assert volumes[:4] == [None] * 4  # in the first generation
    known = [volume for volume in volumes[4:] if volume is not None]
    assert len(known) == 8
    assert known == sorted(known)
    assert json.dumps(seen[-1].best)  # plain numbers


def test_front_under_measured_constraint_has_models(config: Settings, begin: Begin) -> None:
    """The first training of a network may be outside, and most of the others inside."""
    settings = changed(config, replicates="3", evaluations=120, generations=30)
    folder = begin(changed(settings, constraints=("acc>=0.4",)), "run")
    result = run_study(folder, executor=Drawn(), on_progress=lambda _: None)
    assert any(counted(candidate.trainings)[0].violation for candidate in result.front)
    for candidate in result.front:
        (replicate,) = load(models(folder)[candidate.key])[candidate.key].tolist()
        assert replicate == candidate.representative.replicate
