"""Two hundred runs killed with SIGKILL at random moments, over engines, plans and executors."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from evonas.api.running import confirm_and_write, run_and_write
from evonas.api.upkeep import verify_run
from evonas.search.engines import SEARCHES
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.settings import Settings
from evonas.settings.workers import Workers
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.journal.database import connect
from evonas.study.results.reading import read_run
from tests.small_run import SMALL_RUN, changed
from tests.study.executors.test_dask import address  # noqa: F401  # a fixture
from tests.study.test_resume import files

NUM_ROUNDS = 200
PATIENCE_SECONDS = 300.0
STEADY: dict[str, Any] = {"mode": "steady"}
HALVING: dict[str, Any] = {"fidelity": (1, 2), "epochs": 2, "eta": 2}
AUTO: dict[str, Any] = {"replicates": "auto"}
PLANS: dict[str, dict[str, Any]] = {
    "generational": {},
    "generational, auto, confirmed": AUTO | {"confirm": 2},
    "generational, halving, constrained": HALVING | {"constraints": ("params<=8k",)},
    "steady": STEADY,
    "steady, halving, auto": STEADY | HALVING | AUTO,
}
EXECUTORS = ("1", "1", "2", "1", "1", "cluster", "1", "2", "1", "local:2")
GUIDED: dict[str, Any] = {
    "space": "tiny", "rules": ("usf", "dfa"), "population": 2, "generations": 3, "evaluations": 6,
    "supernet_epochs": 2, "supernet_channels": 4, "supernet_images": 40, "images": 40, "batch": 20,
}  # fmt: skip
Entries = list[tuple[int, str, str, str]]

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])  # imports what a run needs, once for all rounds


@dataclass(frozen=True)
class Round:
    """One run that is killed.

    Attributes:
        engine: its name.
        plan: a key of ``PLANS``.
        workers: where its candidates are trained.
        kills: how often it is killed.
    """

    engine: str
    plan: str
    workers: str
    kills: int

    @property
    def settings(self) -> Settings:
        """Of the run."""
        engine = self.engine.removesuffix(" + eg")
        values: dict[str, Any] = {"algorithm": engine, **PLANS[self.plan]}
        if engine in GUIDED_SEARCHES or engine != self.engine:
            values |= GUIDED
        if engine != self.engine:
            values["mutation"] = "eg"
        most = SEARCHES[engine].max_objectives if engine in SEARCHES else None
        if most is not None and most < 2:
            values["objectives"] = ("acc",)
        return changed(SMALL_RUN, **values)

    @property
    def has_one_outcome(self) -> bool:
        """False if completion order matters: steady state with several workers."""
        return self.workers == "1" or "steady" not in self.plan


def rounds() -> list[Round]:
    """Every engine in turn, combined with plans and executors."""
    engines = [*SEARCHES, *GUIDED_SEARCHES, "evonas + eg", "nsga2 + eg"]
    rng = random.Random(0)
    return [
        Round(
            engines[i % len(engines)],
            rng.choice([*PLANS]),
            EXECUTORS[i % len(EXECUTORS)],
            kills=1 + i % 2,
        )
        for i in range(NUM_ROUNDS)
    ]


def to_the_end(folder: Path, workers: str) -> None:
    """Run and confirm the run in the folder, in a new process group."""
    os.setsid()
    _ended(folder, workers)


def _ended(folder: Path, workers: str) -> None:
    place = Workers.of(workers)
    result = run_and_write(folder, workers=place, on_progress=lambda _: None)
    if result.settings.search.confirm:
        confirm_and_write(
            folder,
            replicates=result.settings.search.confirm,
            workers=place,
            on_progress=lambda *_: None,
        )


def entries(folder: Path) -> Entries:
    """Entries that the journal's file holds now."""
    connection = connect(folder / "study.db")
    rows = connection.execute("SELECT position, kind, body, sha256 FROM entry ORDER BY position")
    found = [tuple(row) for row in rows]
    connection.close()
    return found


def kill_at(folder: Path, workers: str, *, wanted: int, later_seconds: float) -> Entries | None:
    """Kill a run after ``wanted`` entries; return its entries, or None if it ended before."""
    process = FORKS.Process(target=to_the_end, args=(folder, workers))
    process.start()
    assert process.pid is not None
    end = time.monotonic() + PATIENCE_SECONDS
    while process.is_alive() and len(written := entries(folder)) < wanted:
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(later_seconds)
    if not process.is_alive():
        process.join()
        assert process.exitcode == 0
        return None
    written = entries(folder)
    # before it has its own process group it has no workers
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()
    return written


def trained(found: Entries) -> list[tuple[Any, ...]]:
    """What was trained: the key, the replicate and the epochs of each result."""
    results = [json.loads(body) for _, kind, body, _ in found if kind == "told"]
    return [(each["key"], each["replicate"], each["epochs"]) for each in results]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Settings], Path]:
    root, numbers = tmp_path_factory.mktemp("rounds"), count()

    def make(settings: Settings) -> Path:
        folder = root / str(next(numbers))
        create_run(folder, settings, space_text=source_text(settings.problem.space))
        return folder

    return make


@pytest.fixture(scope="module")
def whole(start: Callable[[Settings], Path]) -> Callable[[Settings], Path]:
    """The run of these settings without kills, in one process."""

    @cache
    def run(settings: Settings) -> Path:
        folder = start(settings)
        _ended(folder, "1")
        return folder

    return run


@pytest.mark.slow
@pytest.mark.parametrize("number", range(NUM_ROUNDS))
def test_killed_run_loses_and_repeats_nothing_and_ends_equally(
    number: int,
    start: Callable[[Settings], Path],
    whole: Callable[[Settings], Path],
    address: str,  # noqa: F811
) -> None:
    this = rounds()[number]
    rng = random.Random(number)
    expected, folder = whole(this.settings), start(this.settings)
    workers = address.replace("tcp", "dask") if this.workers == "cluster" else this.workers
    most, kills = len(entries(expected)), 0
    for _ in range(this.kills):
        begun = len(entries(folder))
        wanted = rng.randint(begun, max(begun, most - 2))
        seen = kill_at(folder, workers, wanted=wanted, later_seconds=rng.random() * 0.1)
        if seen is not None:
            kills += 1
            assert entries(folder)[: len(seen)] == seen, "an entry that was written is lost"
    _ended(folder, workers)
    found = trained(entries(folder))
    assert len(found) == len(set(found)), "a training was done twice"
    assert verify_run(folder) == []
    if this.has_one_outcome:
        assert sorted(found) == sorted(trained(entries(expected)))
        assert files(folder) == files(expected)
    else:
        assert len(read_run(folder).evaluations) == len(read_run(expected).evaluations)
    assert kills > 0, "the run ended before it was killed"
