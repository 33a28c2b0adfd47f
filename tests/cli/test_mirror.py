"""``evonas mirror``: the oracle is the folder that it fills, and the bytes of the run's folder."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from evonas.api.reporting.mirroring import mirrors
from evonas.cli import main
from evonas.errors import ConfigError
from evonas.report.mirrors.snapshot import Snapshot
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.folder import opened_run
from evonas.study.run import run_study
from tests.small_run import SMALL_RUN
from tests.study.fake import Drawn


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run with random results."""
    folder = tmp_path / "[run]"
    create_run(folder, SMALL_RUN, space_text=source_text(SMALL_RUN.problem.space))
    run_study(folder, executor=Drawn(), on_progress=lambda _: None)
    return folder


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[object, str, str]:
    with pytest.raises(SystemExit) as end:
        main(["mirror", *arguments])
    captured = capsys.readouterr()
    return end.value.code, captured.out, captured.err


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".db-shm", ".db-wal")
    }


@pytest.mark.parametrize("options", [[], ["--follow", "--every", "1"]])
def test_ended_run_is_mirrored_once_and_left_unchanged(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    before = contents(run)
    logs = tmp_path / "logs"
    code, text, errors = told(capsys, str(run), "--tensorboard", str(logs), *options)
    assert (code, errors) == (0, "")
    assert f"[run]: {SMALL_RUN.search.num_trainings} trainings" in text
    assert len(list((logs / "[run]" / "trainings").iterdir())) == SMALL_RUN.search.num_trainings
    assert contents(run) == before


def test_running_run_is_followed_to_its_end(run: Path, tmp_path: Path) -> None:
    seen: list[Snapshot] = []
    with (
        ExitStack() as at_work,
        mirrors(run, optuna=None, tensorboard=tmp_path / "logs", mlflow=None, name=None) as copies,
    ):
        at_work.enter_context(opened_run(run))
        copies.follow(
            every_seconds=1, on_updated=seen.append, on_failure=lambda _: None,
            sleep=lambda _: at_work.close(),
        )  # fmt: skip
    assert [each.is_running for each in seen] == [True, False]


def test_missing_target_package_or_run_is_one_message(
    run: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, errors = told(capsys, str(run))
    assert code == 2
    assert "--optuna" in errors or "optuna" in errors
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, errors = told(capsys, str(run), "--optuna", "sqlite:///study.db")
    assert (code, errors.count("\n")) == (2, 1)
    assert "pip install 'evonas[optuna]'" in errors
    code, _, errors = told(capsys, str(run / "none"), "--tensorboard", "logs")
    assert (code, errors.count("\n")) == (2, 1)


def test_only_the_same_run_is_refused_while_it_is_mirrored(tmp_path: Path) -> None:
    """Runs of one name in two folders, each with the store that lies beside it."""
    store: dict[str, Any] = {"tensorboard": None, "mlflow": None, "optuna": "sqlite:///study.db"}
    one, other = tmp_path / "a" / "run", tmp_path / "b" / "run"
    with (
        mirrors(one, name=None, **store),
        mirrors(other, name=None, **store),
        pytest.raises(ConfigError, match="another process mirrors this run to optuna sqlite"),
        mirrors(one, name=None, **store),
    ):
        pass
