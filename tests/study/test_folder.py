"""Run folders: created completely or not at all; one run and one process per folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.errors import RunFolderError, StorageError
from evonas.settings import Settings
from evonas.space import source_text
from evonas.study import create as module
from evonas.study.create import create_run, next_free_folder
from evonas.study.folder import opened_run, readable_run
from evonas.study.journal.events import Asked
from tests.small_run import changed

Begin = Callable[[Settings, str], Path]


def test_new_run_folder_has_configuration_space_and_journal(
    config: Settings, begin: Begin
) -> None:
    folder = begin(config, "run")
    assert {path.name for path in folder.iterdir()} == {
        "config.yaml", "space.yaml", "study.db", "study.head",
    }  # fmt: skip
    assert (folder / "space.yaml").read_text() == source_text("nas-bench-201")
    with opened_run(folder) as (read, journal):
        assert read == config
        assert journal.events() == []


def test_folder_of_same_run_is_rejected_with_resume_hint(config: Settings, begin: Begin) -> None:
    folder = begin(config, "run")
    with pytest.raises(RunFolderError, match=f"continue it with: evonas resume {folder}"):
        begin(config, "run")


def test_folder_of_different_run_is_rejected_with_differences(
    config: Settings, begin: Begin
) -> None:
    begin(config, "run")
    with pytest.raises(RunFolderError, match=r"another configuration \(seed: 0 and 5\)"):
        begin(changed(config, seed=5), "run")


def test_folder_with_other_files_is_rejected_and_left_alone(
    config: Settings, begin: Begin, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("precious")
    with pytest.raises(RunFolderError, match="expected a new or empty folder"):
        begin(config, "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.tex"]


def test_empty_folder_is_accepted(config: Settings, begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert (begin(config, "run") / "study.db").exists()


def test_interrupted_creation_leaves_nothing(
    config: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "create_journal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        create_run(tmp_path / "run", config, space_text="")
    assert list(tmp_path.iterdir()) == []


def test_two_processes_cannot_open_one_run(config: Settings, begin: Begin) -> None:
    folder = begin(config, "run")
    with (
        opened_run(folder),
        pytest.raises(RunFolderError, match="another process is working"),
        opened_run(folder),
    ):
        pass
    with opened_run(folder):
        pass  # the lock ends with its holder


def test_configuration_changed_after_start_is_rejected(config: Settings, begin: Begin) -> None:
    folder = begin(config, "run")
    path = folder / "config.yaml"
    path.write_text(path.read_text().replace("epochs: 1", "epochs: 2"))
    with (
        pytest.raises(StorageError, match="was changed after the run started"),
        opened_run(folder),
    ):
        pass


def test_space_changed_after_start_is_rejected(config: Settings, begin: Begin) -> None:
    folder = begin(config, "run")
    (folder / "space.yaml").write_text(source_text("nas-bench-201") + "\n")
    with pytest.raises(StorageError, match=r"space\.yaml was changed"), opened_run(folder):
        pass


def test_run_can_be_read_while_being_written(config: Settings, begin: Begin) -> None:
    folder = begin(config, "run")
    with opened_run(folder) as (_, writer):
        writer.record_asks([("a", "")], generation=0)
        with readable_run(folder) as (read, journal):
            assert read == config
            assert journal.events() == [Asked("a", 0)]


@pytest.mark.parametrize("out", ["file", "file/run"])
def test_file_in_place_of_folder_is_reported(
    config: Settings, begin: Begin, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(RunFolderError, match=f"{out}: (expected a folder|cannot be created)"):
        begin(config, out)
    assert (tmp_path / "file").read_text() == "precious"


def test_folder_created_concurrently_by_other_run_is_kept(
    config: Settings, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(config, "run")
    monkeypatch.setattr(module, "check_is_free", lambda *_: None)  # it was free a moment ago
    with pytest.raises(RunFolderError, match="run: cannot be created: Directory not empty"):
        begin(changed(config, seed=5), "run")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    with opened_run(tmp_path / "run") as (read, _):
        assert read.search.seed == config.search.seed


def test_folder_without_run_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"found no config\.yaml"), opened_run(tmp_path):
        pass


def test_next_free_folder_has_first_unused_number(config: Settings, tmp_path: Path) -> None:
    assert next_free_folder(tmp_path, config).name == "nas-bench-201-digits-1"
    (tmp_path / "nas-bench-201-digits-1").mkdir()
    assert next_free_folder(tmp_path, config).name == "nas-bench-201-digits-2"
