"""Versions that differ from those at the start of a run are reported, but do not end it."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from evonas.api.searching import new_study
from evonas.api.study import load_study
from evonas.cli import main
from evonas.settings import Settings
from evonas.space import source_text
from evonas.study import versions as module
from evonas.study.config import read_config
from evonas.study.create import create_run
from evonas.study.upkeep.versions_of_run import other_versions
from tests.small_run import SMALL_RUN, changed

CONFIG: Settings = changed(
    SMALL_RUN, space="tiny", objectives=("acc",), rules=("fa",), population=2, generations=1,
    evaluations=2, batch=20, images=60, algorithm="random",
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Path:
    create_run(tmp_path / "run", CONFIG, space_text=source_text("tiny"))
    return tmp_path / "run"


def edited(run: Path, *, package: str, version: str) -> None:
    path = run / "config.yaml"
    lines = path.read_text().splitlines()
    lines = [f"  {package}: {version}" if f"  {package}:" in line else line for line in lines]
    path.write_text("\n".join(lines) + "\n")


def test_unchanged_versions_give_no_warning(run: Path) -> None:
    assert other_versions(run, read_config(run)) == []


def test_resume_warns_of_edited_version_and_continues(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(run, package="torch", version="1.0.0")
    with pytest.raises(SystemExit) as left:
        main(["resume", str(run), "--workers", "1", "--quiet"])
    assert left.value.code == 0
    told = capsys.readouterr().err
    assert told.startswith("evonas: warning: torch: 1.0.0 in config.yaml, ")
    assert told.endswith("the file was edited\n")
    assert told.count("warning") == 1


def test_editing_config_to_installed_version_hides_no_change(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(run, package="torch", version="9.9")
    monkeypatch.setattr(module, "version", lambda n: "9.9" if n == "torch" else version(n))
    installed, told = other_versions(run, read_config(run))
    assert installed.startswith(f"torch: {version('torch')} when the run started, 9.9 now")
    assert told.startswith(f"torch: 9.9 in config.yaml, {version('torch')} when the run started")


def test_resume_in_python_warns_of_changed_version(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "version", lambda n: "9.9" if n == "pymoo" else version(n))
    with pytest.warns(UserWarning, match=r"pymoo: .* when the run started, 9\.9 now"):
        load_study(run).resume(workers=1, progress=False)


def test_changed_installed_version_is_reported(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "version", lambda n: "9.9" if n == "pymoo" else version(n))
    (difference,) = other_versions(run, read_config(run))
    assert difference.startswith("pymoo: ")
    assert " when the run started, 9.9 now; " in difference


def test_warm_start_warns_of_versions_that_changed_trainings(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {"torch": "9.9", "pymoo": "9.9"}
    monkeypatch.setattr(module, "version", lambda n: changes.get(n) or version(n))
    with pytest.warns(UserWarning, match=r"started with torch .*, 9\.9 now; its results") as told:
        new_study(settings=CONFIG, out=tmp_path / "new", warm_start=[run])
    assert len(told) == 1  # pymoo only decides which candidates are trained


@pytest.mark.parametrize("versions", ["versions: 3", "versions: [torch]"])
def test_malformed_versions_are_rejected(
    run: Path, call: Callable[..., str], versions: str
) -> None:
    path = run / "config.yaml"
    path.write_text(path.read_text().split("versions:")[0] + versions + "\n")
    assert "versions: expected a version of each package" in call("resume", str(run), code=2)
