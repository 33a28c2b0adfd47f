"""A damaged journal is either rejected or read exactly as written."""

import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.study.journal.entry import Draft, Entry
from evonas.study.journal.events import Asked, Told
from evonas.study.journal.findings import Finding
from evonas.study.journal.head import HEAD_FILE
from evonas.study.journal.journal import JOURNAL_FILE
from evonas.study.journal.opening import create_journal, open_journal
from evonas.study.upkeep.salvage import salvage

KEYS = [f"{number:016x}" for number in range(40)]


def evaluation(key: str) -> Evaluation:
    return Evaluation(
        key, f"genome {key}", {"acc": 0.5, "robust": 0.25}, {"fa": 1}, (1.0,), 4, 1.0, 7
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A journal of 40 candidates, with a finding and a confirmation, as a run leaves it."""
    journal = create_journal(tmp_path, digest="digest")
    journal.record_asks([(key, f"genome {key}") for key in KEYS], generation=0)
    for key in KEYS:
        journal.record_tell(evaluation(key))
    journal.record_confirmation(evaluation(KEYS[0]))
    journal.record_finding(Finding("audit", KEYS[0], "L1", 0, {"robust": 0.125}))
    journal.close()
    return tmp_path


def entries(folder: Path) -> tuple[Entry, ...]:
    journal = open_journal(folder)
    found = journal.entries
    journal.close()
    return found


def test_flipped_bit_in_journal_is_found_or_harmless(folder: Path) -> None:
    path, written = folder / JOURNAL_FILE, entries(folder)
    whole = path.read_bytes()
    draw = random.Random(0)
    found = 0
    for place in draw.sample(range(8 * len(whole)), 400):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert entries(folder) == written
        except StorageError:
            found += 1
    assert found > 200  # the rest is in unused pages or parts of pages


def test_flipped_bit_in_head_is_found_or_harmless(folder: Path) -> None:
    path, written = folder / HEAD_FILE, entries(folder)
    whole = path.read_bytes()
    found = 0
    for place in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            assert entries(folder) == written
        except StorageError:
            found += 1
    assert found > 4 * len(whole)


@pytest.mark.parametrize("lost", [1, 100, 4096, 5000, 20_000])
def test_truncated_journal_is_rejected(folder: Path, lost: int) -> None:
    path = folder / JOURNAL_FILE
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(StorageError, match=str(path)):
        open_journal(folder)


@pytest.mark.parametrize("page_bytes", [512, 4096, 65_536])
def test_readable_entries_of_truncated_journal_are_salvaged(folder: Path, page_bytes: int) -> None:
    """SQLite's header holds 1 for pages of 65,536 bytes, as its own field has two bytes."""
    path = folder / JOURNAL_FILE
    connection = sqlite3.connect(path)
    for sql in ("PRAGMA journal_mode = DELETE", f"PRAGMA page_size = {page_bytes}", "VACUUM"):
        connection.execute(sql)
    connection.close()
    began = Draft("began", "[]", "{}")
    whole = salvage(path, began=began)
    assert (whole.num_readable, whole.num_intact, whole.num_retold) == (83, 83, 0)
    assert [each.kind for each in whole.kept[:2]] == ["began", "asked"]
    path.write_bytes(path.read_bytes()[:-page_bytes])
    found = salvage(path, began=began)
    assert whole.num_readable // 2 < found.num_readable == found.num_intact
    search = [each for each in found.kept if each.kind in ("began", "asked", "told")]
    assert search == list(whole.kept[: len(search)])
    assert found.kept[0] != began


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE entry SET body = replace(body, '0.25', '0.95') WHERE position = 50",
        "UPDATE entry SET body = replace(body, '0.25', 'NaN') WHERE position = 50",
        "UPDATE entry SET kind = 'promoted' WHERE position = 50",
        "UPDATE entry SET name = '[1]' WHERE position = 50",
        "UPDATE entry SET body = CAST(x'ff00' AS TEXT) WHERE position = 50",
        "DELETE FROM entry WHERE position = 50",
        "DELETE FROM entry WHERE position > 50",
        "DELETE FROM entry",
        "UPDATE entry SET position = -position",
        "INSERT INTO entry SELECT 1000, 'told', 'x', body, sha256 FROM entry WHERE position = 50",
        "ALTER TABLE entry ADD COLUMN more TEXT",
        "CREATE TABLE more (more)",
        "PRAGMA user_version = 6",
        "PRAGMA user_version = 3",
    ],
)
def test_edited_journal_is_rejected(folder: Path, sql: str) -> None:
    connection = sqlite3.connect(folder / JOURNAL_FILE)
    connection.execute(sql)
    connection.commit()
    connection.close()
    with pytest.raises(StorageError, match=r"damaged \(.*evonas repair"):
        open_journal(folder)


def test_journal_without_last_transactions_is_rejected(folder: Path) -> None:
    """The write-ahead log is missing, as in a copy of the main file; the rest is consistent."""
    journal = open_journal(folder, is_written=True)
    journal.record_asks([("later", "genome")], generation=1)
    copy = folder.parent / "copy"
    copy.mkdir()
    for name in (JOURNAL_FILE, HEAD_FILE):
        shutil.copy(folder / name, copy)
    journal.close()
    with pytest.raises(StorageError, match="it ends at entry 83, and 84 had been written"):
        open_journal(copy)


def test_head_of_other_run_is_rejected(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    create_journal(other, digest="other").close()
    shutil.copy(other / HEAD_FILE, folder)
    with pytest.raises(StorageError, match="not the one that its head belongs to"):
        open_journal(folder)


@pytest.fixture
def read_only(folder: Path) -> Iterator[Path]:
    """The folder, mounted read-only, also for root."""
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("cannot mount a folder read-only")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_journal_on_read_only_disk_can_be_read(read_only: Path) -> None:
    with pytest.raises(OSError, match="Read-only"):
        (read_only / "file").touch()
    journal = open_journal(read_only)
    assert journal.evaluations() == [evaluation(key) for key in KEYS]
    assert journal.events() == [
        *(Asked(key, 0) for key in KEYS), *(Told(evaluation(key)) for key in KEYS),
    ]  # fmt: skip
    journal.close()


def test_log_of_killed_writer_is_readable_on_read_only_disk(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    source = folder.parent / "source"
    shutil.copytree(folder, source)
    journal = open_journal(source, is_written=True)
    journal.record_asks([("later", "genome")], generation=1)
    for path in source.iterdir():  # as after a kill: with the log, without shared memory
        if not path.name.endswith("-shm"):
            shutil.copy(path, folder)
    journal.close()
    read_only = request.getfixturevalue("read_only")
    assert entries(read_only)[-1].name == '["later"]'
