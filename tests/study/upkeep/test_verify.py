"""Verify, repair and back up. Oracle: the run before it was damaged."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.api.running import run_and_write
from evonas.api.upkeep import repair_run, verify_run
from evonas.errors import EvonasError, RunFolderError, StorageError
from evonas.evaluation.model_file import read_model
from evonas.settings.workers import Workers
from evonas.study.checkpoints import CHECKPOINTS_FOLDER, save_checkpoint
from evonas.study.journal.head import Head, read_head
from evonas.study.journal.opening import open_journal
from evonas.study.results.reading import read_run
from evonas.study.upkeep.backup import back_up
from evonas.study.upkeep.state import summarise_run
from tests.small_run import SMALL_RUN, changed

pytestmark = pytest.mark.system

TABLES = ("pareto.csv", "candidates.csv")
Damager = Callable[[Path], None]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with automatic replicates, and a checkpoint left over."""
    from evonas.space import source_text
    from evonas.study.create import create_run

    folder = tmp_path_factory.mktemp("upkeep") / "run"
    settings = changed(SMALL_RUN, replicates="auto")
    create_run(folder, settings, space_text=source_text("nas-bench-201"))
    run_and_write(folder, workers=Workers.of(1), on_progress=lambda _: None)
    save_checkpoint(folder, "0123456789abcdef", 1, b"checkpoint" * 20)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def tables(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in TABLES]


def without_seconds(folder: Path) -> list[list[str]]:
    import csv

    rows = []
    for name in TABLES:
        with (folder / name).open(newline="") as file:
            rows += [[*({**row, "seconds": ""}).values()] for row in csv.DictReader(file)]
    return rows


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)


def sql(*statements: str) -> Damager:
    def change(folder: Path) -> None:
        connection = sqlite3.connect(folder / "study.db")
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.close()

    return change


def cut(name: str, *, lost: int) -> Damager:
    def change(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-lost])

    return change


EDITED = "UPDATE entry SET body = replace(body, '\"acc\": 0.', '\"acc\": 0.9') WHERE "
JOURNAL_DAMAGES: dict[str, Damager] = {
    "the first result": sql(
        f"{EDITED} position = (SELECT min(position) FROM entry WHERE kind = 'told')"
    ),
    "the last result": sql(
        f"{EDITED} position = (SELECT max(position) FROM entry WHERE kind = 'told')"
    ),
    "a result lost": sql(
        "DELETE FROM entry WHERE position = "
        "(SELECT position FROM entry WHERE kind = 'told' LIMIT 1 OFFSET 5)"
    ),
    "an ask edited": sql(
        "UPDATE entry SET body = '{}' WHERE position = "
        "(SELECT max(position) FROM entry WHERE kind = 'asked')"
    ),
    "the beginning": sql("UPDATE entry SET body = '{}' WHERE position = 1"),
    "the last entries": sql("DELETE FROM entry WHERE position > 20"),
    "the end of the file": cut("study.db", lost=4096),
    "a part of a page": cut("study.db", lost=100),
}


def test_intact_run_has_no_damage(folder: Path) -> None:
    assert verify_run(folder) == []
    said: list[str] = []
    before = {path: path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".png"}
    repair_run(folder, workers=Workers.of(1), tell=said.append)
    assert said == []
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize("damage", JOURNAL_DAMAGES)
def test_damaged_journal_is_repaired_and_run_ends_equally(folder: Path, damage: str) -> None:
    expected = without_seconds(folder)
    trained = len(read_run(folder).evaluations)
    JOURNAL_DAMAGES[damage](folder)
    (found,) = verify_run(folder)
    assert "evonas repair" in found.problem
    with pytest.raises(StorageError, match="damaged"):
        read_run(folder)
    damaged = (folder / "study.db").read_bytes()
    said: list[str] = []
    repair_run(folder, workers=Workers.of(1), tell=said.append)
    assert (folder / "study.db.damaged-1").read_bytes() == damaged
    assert any("rebuilt from" in line for line in said)
    assert verify_run(folder) == []
    known = open_journal(folder)
    again = len(known.known())
    last = known.entries[-1]
    known.close()
    assert read_head(folder) == Head(last.position, last.sha256)
    kept = len(read_run(folder).evaluations)
    lost = trained - kept - again
    assert lost <= {"the last entries": 99, "the end of the file": 99}.get(damage, 2)
    run_and_write(folder, workers=Workers.of(1), on_progress=lambda _: None)
    assert without_seconds(folder) == expected
    assert verify_run(folder) == []


def test_known_results_are_not_retrained_after_repair(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = without_seconds(folder)
    models = {path.name for path in (folder / "models").iterdir()}
    JOURNAL_DAMAGES["the beginning"](folder)
    repair_run(folder, workers=Workers.of(1), tell=lambda _: None)
    assert read_run(folder).evaluations == []
    trained: list[str] = []
    from evonas.study.executors import inline

    evaluate_order = inline.evaluate_order

    def count(order: object) -> object:
        trained.append(str(order))
        return evaluate_order(order)  # type: ignore[arg-type]

    monkeypatch.setattr(inline, "evaluate_order", count)
    run_and_write(folder, workers=Workers.of(1), on_progress=lambda _: None)
    assert without_seconds(folder) == expected
    assert {path.name for path in (folder / "models").iterdir()} == models
    assert len(trained) <= len(models)  # only for their weights


def test_damaged_missing_or_swapped_model_is_retrained(
    folder: Path,
) -> None:
    first, *others = sorted((folder / "models").iterdir())
    content = first.read_bytes()
    for change in (
        lambda: flip(first, 8 * (len(content) - 50)),
        first.unlink,
        lambda: shutil.copy(others[0], first) if others else first.write_bytes(b""),
    ):
        change()
        assert [damage.path for damage in verify_run(folder)] == [first]
        said: list[str] = []
        repair_run(folder, workers=Workers.of(1), tell=said.append)
        assert said == [f"{first}: trained again, with the values in the journal"]
        assert first.read_bytes() == content


@pytest.mark.parametrize("name", [*TABLES, "standings.json"])
def test_derived_files_are_rewritten_from_journal(folder: Path, name: str) -> None:
    path = folder / name
    content = path.read_bytes()
    for place in random.Random(0).sample(range(8 * len(content)), 5):
        flip(path, place)
        assert [damage.path for damage in verify_run(folder)] == [path]
        repair_run(folder, workers=Workers.of(1), tell=lambda _: None)
        assert path.read_bytes() == content


def test_damaged_checkpoint_is_removed(folder: Path) -> None:
    (path,) = (folder / CHECKPOINTS_FOLDER).iterdir()
    flip(path, 8 * 100)
    assert [damage.path for damage in verify_run(folder)] == [path]
    repair_run(folder, workers=Workers.of(1), tell=lambda _: None)
    assert not path.exists()


def any_flip(folder: Path, count: int) -> None:
    """Flip bits all over a run, one at a time: each is found, or changes nothing that is read."""
    draw = random.Random(count)
    files = ["study.db", "study.head", "standings.json", *TABLES]
    files += [str(path.relative_to(folder)) for path in (folder / "models").iterdir()]
    files += [str(path.relative_to(folder)) for path in (folder / CHECKPOINTS_FOLDER).iterdir()]
    run = read_run(folder)
    for number in range(count):
        path = folder / files[number % len(files)]
        content = path.read_bytes()
        flip(path, draw.randrange(8 * len(content)))
        found = verify_run(folder, reads_images=False)
        if not found:
            assert path.suffix in (".db", ".head", ".safetensors")
            if path.suffix == ".safetensors":
                path_of_whole = folder.parent / "whole.safetensors"
                path_of_whole.write_bytes(content)
                assert str(read_model(path)[0]) == str(read_model(path_of_whole)[0])
        try:
            assert read_run(folder) == run
        except EvonasError:
            assert found
        path.write_bytes(content)


def test_flipped_bit_in_any_file_is_found_or_harmless(folder: Path) -> None:
    any_flip(folder, 60)


@pytest.mark.slow
def test_two_thousand_flipped_bits_are_found_or_harmless(folder: Path) -> None:
    any_flip(folder, 2000)


def test_backup_of_running_run_can_be_resumed(whole: Path, folder: Path, tmp_path: Path) -> None:
    copies: list[Path] = []

    def copy(progress: object) -> None:
        assert progress
        copies.append(tmp_path / f"copy{len(copies)}")
        back_up(again, copies[-1])

    again = tmp_path / "again"
    again.mkdir()
    for name in ("config.yaml", "space.yaml"):
        shutil.copy(whole / name, again)
    from evonas.study.folder import run_digest
    from evonas.study.journal.opening import create_journal

    create_journal(again, digest=run_digest(again)).close()
    run_and_write(again, workers=Workers.of(1), on_progress=copy)
    assert len(copies) == 12
    for number in (0, 5, 11):
        assert summarise_run(copies[number]).trainings == number + 1
        run_and_write(copies[number], workers=Workers.of(1), on_progress=lambda _: None)
        assert without_seconds(copies[number]) == without_seconds(folder)
    with pytest.raises(RunFolderError, match="new or empty"):
        back_up(again, copies[0])
