"""How a command ends after an external failure: its exit code, and the files that remain."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from evonas.api import running, searching
from evonas.cli import main
from evonas.evaluation.record import Evaluation
from evonas.report.tables import columns
from evonas.space import source_text
from evonas.study.create import create_run, next_free_folder
from evonas.study.folder import opened_run
from tests.small_run import SMALL_RUN, changed

CONFIG = changed(
    SMALL_RUN, space="tiny", objectives=("acc",), rules=("fa",), population=2, generations=1,
    evaluations=2, batch=20, images=60,
)  # fmt: skip


def told(key: str, acc: float | None) -> Evaluation:
    values = {"params": 1000.0, "flops": 2000.0, "bio": 1.0} | (
        {} if acc is None else {"acc": acc}
    )
    failure = "diverged: at once" if acc is None else None
    return Evaluation(key, "genome", values, {"fa": 75, "usf": 25}, (), 1, 0.5, 7, failure)


def make(folder: Path, *evaluations: Evaluation) -> Path:
    create_run(folder, CONFIG, space_text=source_text("tiny"))
    with opened_run(folder) as (_, journal):
        journal.record_asks([(e.key, e.genome) for e in evaluations], generation=0)
        for evaluation in evaluations:
            journal.record_tell(evaluation)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make(tmp_path / "run [1]", told("aaaa", 0.25), told("bbbb", 0.5), told("cccc", None))


@pytest.fixture
def leave(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """Exit code, output and errors of a command."""

    def call(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return left.value.code, printed.out, printed.err

    return call


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


Leave = Callable[..., tuple[object, str, str]]


def test_front_command_shows_only_front_with_rule_shares(
    run: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = leave("front", str(run))
    assert code == 0
    assert "bbbb" in out
    assert "aaaa" not in out
    assert "fa 75, usf 25" in out
    assert f"1 of 3 candidates; picture: {run / 'front.png'}" in out
    assert "not in the picture: 1 failed\n" in out
    assert f"to see one: evonas show '{run}' bbbb\n" in out


@pytest.mark.parametrize("evaluations", [(), (told("cccc", None),), (told("aaaa", 0.5),)])
def test_front_command_handles_empty_failed_and_single_candidates(
    tmp_path: Path, leave: Leave, evaluations: tuple[Evaluation, ...]
) -> None:
    folder = make(tmp_path / "run", *evaluations)
    code, out, _ = leave("front", str(folder))
    assert code == 0
    assert f"of {len(evaluations)} candidates" in out
    assert (folder / "front.png").exists()


def test_front_is_readable_while_run_is_locked(run: Path, leave: Leave) -> None:
    with opened_run(run):
        assert leave("front", str(run))[0] == 0
        code, _, err = leave("resume", str(run))
    assert code == 2
    assert "another process is working on this run" in err


@pytest.mark.parametrize("command", ["front", "resume"])
def test_damaged_journal_ends_with_exit_code_3(run: Path, leave: Leave, command: str) -> None:
    (run / "study.db").write_bytes(b"not a database" * 100)
    code, _, err = leave(command, str(run))
    assert code == 3
    assert "study.db: damaged" in err


def test_unopenable_journal_is_not_reported_as_damaged(
    run: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("unable to open database file")

    monkeypatch.setattr(sqlite3, "connect", refuse)
    code, _, err = leave("front", str(run))
    assert code == 3
    assert "study.db: cannot be opened: unable to open database file" in err


def test_front_is_shown_even_if_picture_cannot_be_written(run: Path, leave: Leave) -> None:
    (run / "front.png").mkdir()
    code, out, _ = leave("front", str(run))
    assert code == 0
    assert f"no picture: {run}: Is a directory" in out


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_signalled_run_writes_tables_and_resume_command(
    run: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    monkeypatch.setattr(running, "run_study", lambda *_, **__: os.kill(os.getpid(), number))
    left, out, err = leave("resume", str(run), "--workers", "1")
    assert left == code
    assert f"continue with: evonas resume '{run}'" in out
    assert err == ""
    header = ",".join(columns(["acc"]))
    assert (run / "candidates.csv").read_text().startswith(header)
    assert len((run / "candidates.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("allocate", [torch.empty, bytearray])
def test_lack_of_memory_is_one_message(
    run: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch, allocate: Callable[[int], object]
) -> None:
    monkeypatch.setattr(running, "run_study", lambda *_, **__: allocate(10**17))
    code, _, err = leave("resume", str(run), "--workers", "1")
    assert code == 75
    assert err.startswith("evonas: out of memory: ")
    assert "finished work is kept: repeat the command with more free memory" in err


def test_programming_errors_are_not_hidden(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(*_: object, **__: object) -> None:
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(running, "run_study", mistaken)
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        main(["resume", str(run), "--workers", "1"])


def test_runs_started_simultaneously_get_different_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "runs" / "tiny-digits-1")
    stale = iter([Path("runs/tiny-digits-1")])
    monkeypatch.setattr(
        searching, "next_free_folder", lambda *given: next(stale, None) or next_free_folder(*given)
    )
    study = searching.new_study("tiny", images=60, population=2)
    assert study.folder == Path("runs/tiny-digits-2")


def test_run_reports_size_that_differs_from_space_default(
    run: Path, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_study", lambda *_, **__: sys.exit(0))
    _, out, _ = leave("resume", str(run), "--workers", "9")
    assert "4 channels, 1 cell per stage (the space's own: 8 and 1)" in out
    assert "2 workers" in out  # no more than a generation can use
    assert "robust" not in out
    assert str(run) in out
