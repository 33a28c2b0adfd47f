"""A run that crashes at any write to disk resumes to the results of an intact run."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evonas.evaluation.record import Evaluation
from evonas.report import tables
from evonas.settings import Settings
from evonas.study import models
from evonas.study import run as module
from evonas.study.create import create_run
from evonas.study.journal.events import Asked, Event, NothingRequested, Promoted, Repeated, Told
from evonas.study.journal.journal import Journal
from evonas.study.journal.opening import open_journal
from evonas.study.results import beliefs
from evonas.study.results.candidate import Candidate
from evonas.study.results.result import StudyResult
from evonas.study.run import run_study
from tests.small_run import changed
from tests.study.fake import Drawn

pytestmark = pytest.mark.system

Begin = Callable[[Settings, str], Path]
Run = Callable[[Path, int], StudyResult]

GENERATIONAL: dict[str, Any] = {"mode": "generational"}
STEADY: dict[str, Any] = {"mode": "steady"}
HALVING: dict[str, Any] = {"fidelity": (1, 2, 5), "epochs": 5, "eta": 2}
CONSTRAINED: dict[str, Any] = {"constraints": ("params<=8k",)}
AUTO: dict[str, Any] = {"replicates": "auto", "evaluations": 18}
TWICE: dict[str, Any] = {"replicates": "2", "evaluations": 14}
# half of all candidates are refused, so that a mixed ask for new and old ones needs a second ask
TIGHT: dict[str, Any] = {"algorithm": "random", "constraints": ("params<=6k",)}
SETTINGS: dict[str, dict[str, Any]] = {
    "generational": GENERATIONAL,
    "steady": STEADY,
    "steady-halving-constrained": STEADY | HALVING | CONSTRAINED,
    "generational-halving-constrained": GENERATIONAL | HALVING | CONSTRAINED,
    "generational-auto": GENERATIONAL | AUTO,
    "steady-auto": STEADY | AUTO,
    "generational-halving-constrained-auto": GENERATIONAL | HALVING | TIGHT | AUTO,
    "generational-constrained-two": GENERATIONAL | TIGHT | TWICE,
    "steady-halving-constrained-two": STEADY | HALVING | CONSTRAINED | TWICE,
}
NUM_CRASHES = 8  # per run; one crash per write would take minutes
WRITES = [
    (Journal, "record_asks"), (Journal, "record_promotions"), (Journal, "record_tell"),
    (models, "save_weights"), (models, "keep_only"), (module, "save_checkpoint"),
    (module, "remove_checkpoints"), (beliefs, "write_standings"), (tables, "write_tables"),
]  # fmt: skip


@pytest.fixture(params=sorted(SETTINGS))
def settings(request: pytest.FixtureRequest, config: Settings) -> Settings:
    return changed(config, **{"evaluations": 9, "generations": 5, **SETTINGS[request.param]})


class Crash(BaseException):
    """The machine stops."""


def crash_at(patch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Crash at write ``number // 2``: before it if ``number`` is even, else after it."""
    count = [0]

    def crashing(write: Callable[..., Any]) -> Callable[..., Any]:
        def inner(*args: Any, **kwargs: Any) -> Any:
            count[0] += 1
            if count[0] == number // 2 + 1 and number % 2 == 0:
                raise Crash
            result = write(*args, **kwargs)
            if count[0] == number // 2 + 1:
                raise Crash
            return result

        return inner

    for owner, name in WRITES:
        patch.setattr(owner, name, crashing(getattr(owner, name)))
    return count


def run_to_end(folder: Path, executor: Drawn) -> StudyResult:
    def write(candidates: Sequence[Candidate]) -> None:
        tables.write_tables(folder, candidates, ("acc", "params"))

    result = run_study(folder, executor=executor, on_progress=lambda _: None, on_generation=write)
    write(result.candidates)
    return result


def events(folder: Path) -> list[Event]:
    journal = open_journal(folder)
    found = [
        Told(replace(event.evaluation, seconds=0.0)) if isinstance(event, Told) else event
        for event in journal.events()
    ]
    journal.close()
    return found


def files(folder: Path) -> dict[str, object]:
    """All files but the journal; tables without seconds, as even a refusal takes some."""
    found: dict[str, object] = {}
    for pattern in ("models/*", "checkpoints/*", "standings.json"):
        found |= {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern)
        }
    for path in folder.glob("*.csv"):
        with path.open(newline="") as file:
            found[path.name] = [row | {"seconds": ""} for row in csv.DictReader(file)]
    return found


def timeless(evaluations: Iterable[Evaluation]) -> list[Evaluation]:
    return [replace(evaluation, seconds=0.0) for evaluation in evaluations]


def test_run_resumed_after_crash_at_any_write_ends_equally(
    settings: Settings, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = begin(settings, "whole")
    with monkeypatch.context() as patch:
        count = crash_at(patch, 10**9)
        expected = run_to_end(whole, Drawn())
    assert sum(e.epochs > 0 for e in expected.evaluations) == settings.search.evaluations
    num_crashes = NUM_CRASHES // 2 if settings.search.replicates == "auto" else NUM_CRASHES
    stride = 2 * count[0] // num_crashes | 1  # odd, so that both kinds of crash alternate
    for number in range(0, 2 * count[0], stride):
        folder = begin(settings, f"crash-{number}")
        with monkeypatch.context() as patch:
            crash_at(patch, number)
            with pytest.raises(Crash):
                run_to_end(folder, Drawn())
        result = run_to_end(folder, Drawn())
        assert events(folder) == events(whole)
        assert files(folder) == files(whole)
        assert result.hypervolumes == expected.hypervolumes
        assert [c.key for c in result.front] == [c.key for c in expected.front]


def test_resume_with_several_workers_continues_from_journal(
    settings: Settings, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (7, 20, 27):
        folder = begin(settings, f"crash-{number}")
        with monkeypatch.context() as patch:
            crash_at(patch, number)
            with pytest.raises(Crash):
                run_to_end(folder, Drawn(3, seed=number))
        before = events(folder)
        owed = [e.key for e in before if isinstance(e, Asked | Promoted | Repeated)]
        for event in before:
            if isinstance(event, Told):
                owed.remove(event.evaluation.key)
        executor = Drawn(3, seed=number + 1)
        result = run_to_end(folder, executor)
        assert events(folder)[: len(before)] == before
        assert {key for key, _ in executor.done} >= set(owed)
        again = Drawn(3)
        finished = run_to_end(folder, again)
        assert again.done == []
        assert finished.evaluations == result.evaluations
        assert finished.hypervolumes == result.hypervolumes
        assert finished.candidates == result.candidates


def test_missing_checkpoints_do_not_change_result(
    config: Settings, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = changed(config, **STEADY, **HALVING)
    whole, folder = begin(settings, "whole"), begin(settings, "robbed")
    run_to_end(whole, Drawn())
    with monkeypatch.context() as patch:
        crash_at(patch, 20)
        with pytest.raises(Crash):
            run_to_end(folder, Drawn())
    kept = list((folder / "checkpoints").glob("*"))
    assert kept
    for path in kept:
        path.unlink()
    run_to_end(folder, Drawn())
    assert events(folder) == events(whole)


FIVE_NETWORKS = """
name: five
description: Five networks.
size: {channels: 4, cells: 1}
stem: {kernel: 3, channels: 1}
cells:
  block:
    inputs: 1
    nodes: 1
    graph: {choose: 1}
    join: sum
    operations:
      skip: {kind: identity}
      conv_3x3: {kind: convolution, kernel: 3}
      conv_1x1: {kind: convolution, kernel: 1}
      sep_3x3: {kind: separable, kernel: 3}
      max_pool: {kind: pool, mode: max, kernel: 3}
stages:
  - {cell: block, channels: 1}
rules: {choices: [fa], granularity: network}
"""


@pytest.mark.parametrize("replicates", ["3", "auto"])
@pytest.mark.parametrize("mode", ["generational", "steady"])
def test_space_smaller_than_workers_is_retrained_to_full_budget(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, replicates: str
) -> None:
    settings = changed(
        config, mode=mode, replicates=replicates, rules=("fa",), population=7, evaluations=13,
        generations=2,
    )  # fmt: skip
    for seed in range(3):
        whole, folder = tmp_path / f"whole-{seed}", tmp_path / f"crash-{seed}"
        create_run(whole, settings, space_text=FIVE_NETWORKS)
        result = run_to_end(whole, Drawn(7, seed=seed))
        if replicates == "auto":  # ends as soon as the front is certain
            assert 8 <= len(result.evaluations) <= 13
        else:
            assert len(result.evaluations) == fixed(result)
        if mode == "steady":
            assert NothingRequested() in events(whole)
        for number in (10, 23, 32):
            create_run(folder / str(number), settings, space_text=FIVE_NETWORKS)
            with monkeypatch.context() as patch:
                crash_at(patch, number)
                with pytest.raises(Crash):
                    run_to_end(folder / str(number), Drawn(7, seed=seed))
            before = events(folder / str(number))
            resumed = run_to_end(folder / str(number), Drawn(7, seed=seed + 1))
            after = events(folder / str(number))
            assert after[: len(before)] == before
            assert replicates == "auto" or len(resumed.evaluations) == fixed(resumed)
            again = Drawn(7)
            assert run_to_end(folder / str(number), again).evaluations == resumed.evaluations
            assert again.done == []
            assert events(folder / str(number)) == after


def fixed(result: StudyResult) -> int:
    """Number of trainings of five networks, three each, or one if the first failed."""
    first = [e for e in result.evaluations if e.replicate == 0]
    assert len(first) == 5
    return min(13, sum(1 if e.failure is not None else 3 for e in first))


KILLED = """
import sys
from pathlib import Path
from evonas.study.executors.make import make_executor
from evonas.study.run import run_study
def tell(progress): print(progress.done, flush=True)
run_study(Path(sys.argv[1]), executor=make_executor(1), on_progress=tell)
"""


@pytest.mark.parametrize(
    ("name", "results"),
    [("generational", 2), ("steady-halving-constrained", 5), ("generational-auto", 10)],
)
def test_run_resumed_after_sigkill_gives_equal_results(
    config: Settings, begin: Begin, run: Run, name: str, results: int, tmp_path: Path
) -> None:
    config = changed(config, generations=5, **SETTINGS[name])
    whole, killed = begin(config, "whole"), begin(config, "killed")
    expected = run(whole, 1)
    log = tmp_path / "log"
    with log.open("w") as output:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(killed)], stdout=output)
        deadline = time.monotonic() + 120
        while len(log.read_text().split()) < results and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(log.read_text().split()) >= results
    result = run(killed, 1)
    assert timeless(result.evaluations) == timeless(expected.evaluations)
    assert files(killed) == files(whole)
