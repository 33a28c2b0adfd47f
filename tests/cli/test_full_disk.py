"""A run on a full disk: a real limit on the size of real files, and how the run resumes."""

import errno
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.study.create import BYTES_PER_TRAINING
from evonas.study.models import Models
from evonas.study.results.reading import read_run

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--algorithm", "random",
    "--population", "3", "--generations", "4", "--epochs", "1", "--images", "60",
    "--channels", "4", "--workers", "1", "--replicates", "1", "--confirm", "0",
]  # fmt: skip
PAUSED = 75  # EX_TEMPFAIL
LIMIT = 100 * 1024  # fits the journal's log of about six trainings, and any model


def with_limit(arguments: list[str], *, file_bytes: int) -> tuple[int, str]:
    """Exit code and errors of a command whose files are limited to a size."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

    command = [sys.executable, "-m", "evonas", *arguments]
    ended = subprocess.run(command, preexec_fn=limit, capture_output=True, check=False, text=True)
    return ended.returncode, ended.stderr


def results(folder: Path) -> list[tuple[str, dict[str, float]]]:
    return [(c.key, dict(c.values)) for c in read_run(folder).candidates]


def test_run_pauses_on_full_disk_and_resumes_to_same_results(
    tmp_path: Path, call: Callable[..., str]
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    code, told = with_limit([*RUN, "--out", str(run)], file_bytes=LIMIT)
    assert code == PAUSED
    assert told.startswith(f"evonas: {run}")
    assert f"Free some space, then continue with: evonas resume {run}\n" in told
    assert "Traceback" not in told
    kept = results(run)
    assert 0 < len(kept) < 12
    call("resume", str(run))
    call(*RUN, "--out", str(whole))
    assert results(run) == results(whole)
    assert results(run)[: len(kept)] == kept


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "models/x.tmp"), PAUSED),
        (OSError(errno.ENOSPC, "No space left on device"), PAUSED),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "models/x.tmp"), PAUSED),
        (PermissionError(errno.EACCES, "Permission denied", "models/x.tmp"), 3),
    ],
)
def test_only_full_disk_errors_pause_the_run(
    tmp_path: Path,
    call: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    problem: OSError,
    code: int,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(Models, "save", fail)
    run = tmp_path / "run"
    told = call(*RUN, "--out", str(run), code=code)
    assert told.startswith(f"evonas: {problem.filename or run}: {problem.strerror}")
    assert ("evonas resume" in told) == (code == PAUSED)


def test_run_uncreatable_on_full_disk_ends_with_paused_code(
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    code, told = with_limit([*RUN, "--out", str(run)], file_bytes=20_000)
    assert (code, told.count("\n")) == (PAUSED, 1)
    assert told.startswith(f"evonas: {run}: cannot be created, the disk is full")
    assert not list(tmp_path.iterdir())


def test_too_little_disk_space_is_rejected_before_creating_files(
    tmp_path: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=12 * BYTES_PER_TRAINING - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    told = call(*RUN, "--out", str(tmp_path / "run"), code=PAUSED)
    assert "at least 0.0 MB are needed" in told
    assert not list(tmp_path.iterdir())
