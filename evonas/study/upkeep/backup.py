"""A consistent copy of a run, even while another process is working on it."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from evonas.errors import RunFolderError, StorageError
from evonas.study.folder import LOCK_FILE, readable_run
from evonas.study.journal.database import connect_to_read
from evonas.study.journal.head import HEAD_FILE, write_head
from evonas.study.journal.journal import JOURNAL_FILE
from evonas.study.journal.opening import open_journal
from evonas.study.upkeep.new_folder import folder_to_rename
from evonas.study.upkeep.state import PROGRESS_FILE


def back_up(folder: Path, copy: Path) -> int:
    """Copy a run so that the copy can be resumed on its own.

    SQLite copies the journal atomically; a plain file copy would miss its last rows, which are in
    another file. A model or checkpoint that changes later is restored when the copy is resumed.

    Args:
        folder: folder of the run.
        copy: destination, new or empty.

    Returns:
        The number of trainings in the copy.

    Raises:
        RunFolderError: there is no run, or the destination is in use or not writable.
        StorageError: the journal is damaged.
    """
    if copy.exists() and (not copy.is_dir() or any(copy.iterdir())):
        raise RunFolderError(f"{copy}: expected a new or empty folder for the copy")
    with readable_run(folder):  # refuses a damaged run
        pass
    try:
        temporary = folder_to_rename(copy)
        try:
            count = _copy(folder, temporary)
            temporary.chmod(0o755)
            temporary.replace(copy)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as problem:
        raise RunFolderError(f"{copy}: cannot be written: {problem.strerror}") from problem
    except sqlite3.DatabaseError as problem:
        raise StorageError(f"{copy}: cannot be written: {problem}") from problem
    return count


def _copy(folder: Path, copy: Path) -> int:
    with (
        closing(connect_to_read(folder / JOURNAL_FILE)) as source,
        closing(sqlite3.connect(copy / JOURNAL_FILE)) as target,
    ):
        source.backup(target)
    # files after the journal: each is written before its entry
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or _is_transient(path):
            continue
        place = copy / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, place)
        except FileNotFoundError:
            continue  # removed in the meantime, so nothing needs it
    journal = open_journal(copy)
    write_head(copy, journal.entries[-1])
    count = len(journal.evaluations())
    journal.close()
    return count


def _is_transient(path: Path) -> bool:
    names = (JOURNAL_FILE, f"{JOURNAL_FILE}-wal", f"{JOURNAL_FILE}-shm", HEAD_FILE, LOCK_FILE)
    return path.name in (*names, PROGRESS_FILE) or path.suffix == ".tmp"
