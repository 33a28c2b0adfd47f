"""Repair the folder of a run as far as possible; the damaged journal is kept."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from evonas.errors import RunFolderError, StorageError
from evonas.evaluation.protocol import Protocol
from evonas.study.config import read_config
from evonas.study.executors.base import AbstractExecutor
from evonas.study.folder import LOCK_FILE, check_is_run, opened_run, run_digest
from evonas.study.journal import database, kinds
from evonas.study.journal.entry import draft, sealed
from evonas.study.journal.head import HEAD_FILE, write_head
from evonas.study.journal.journal import JOURNAL_FILE
from evonas.study.journal.opening import open_journal
from evonas.study.models import Models
from evonas.study.results.audited import robust_at_most
from evonas.study.results.beliefs import Beliefs
from evonas.study.results.likely import likely_front
from evonas.study.results.reading import run_state
from evonas.study.shape import read_space, run_traits
from evonas.study.upkeep.salvage import salvage
from evonas.study.upkeep.verify import damaged_checkpoints, damaged_models


def repair(folder: Path, *, executor: AbstractExecutor, tell: Callable[[str], None]) -> None:
    """Repair what can be repaired in the folder of a run.

    Args:
        folder: folder of the run.
        executor: where damaged or missing models are trained again.
        tell: called with each thing that was done.

    Raises:
        RunFolderError: there is no run, or another process is working on it.
        ConfigError: its configuration cannot be read.
        StorageError: its configuration was changed, its journal is damaged and of a format without
            hashes, or retraining a model gives other values here.
    """
    check_is_run(folder)
    read_config(folder)
    _repair_journal(folder, tell)
    with opened_run(folder) as (settings, journal):  # upgrades it, and writes the head
        run = run_state(folder, settings, journal)
        for path in damaged_checkpoints(folder):
            path.unlink()
            tell(f"{path}: removed; the candidate is trained from the start")
        bad = damaged_models(run)
        for path in bad:
            path.unlink()
        space = read_space(settings, folder)
        models = Models(folder, space, Protocol.of(settings), run_traits(settings, journal))
        likely = likely_front(run.candidates)
        before = {path.name for path in models.files()}
        models.restore(likely, executor)
        for path in models.files():
            if path.name not in before:
                tell(f"{path}: trained again, with the values in the journal")
        for path in bad:
            if not path.exists():
                tell(f"{path}: removed; its candidate is unlikely to be on the front")
        beliefs = Beliefs(settings, space, robust_at_most=robust_at_most(run.audited))
        beliefs.update(run.evaluations)
        beliefs.write(folder)


def _repair_journal(folder: Path, tell: Callable[[str], None]) -> None:
    path = folder / JOURNAL_FILE
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as problem:
        raise RunFolderError(f"{folder}: another process is working on this run") from problem
    try:
        try:
            open_journal(folder, is_written=True).close()
        except StorageError as problem:
            tell(str(problem).partition("; recover what is left")[0])
            _replace_journal(path, tell)
    finally:
        lock.release()


def _replace_journal(path: Path, tell: Callable[[str], None]) -> None:
    folder = path.parent
    # the original configuration can no longer be verified
    began = draft(kinds.BEGAN, [], {"digest": run_digest(folder), "traits": None})
    left = salvage(path, began=began)
    if not left.num_intact:
        raise StorageError(f"{path}: no entry in it could be verified")
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    entries = sealed(left.kept, after=None)
    connection = database.connect(fresh)
    try:
        database.create(connection)
        database.insert(connection, entries)
    finally:
        connection.close()
    aside = _free(path)
    for suffix in ("", "-wal", "-shm"):
        old = path.with_name(path.name + suffix)
        if old.exists():
            old.rename(aside.with_name(aside.name + suffix))
    (folder / HEAD_FILE).unlink(missing_ok=True)
    fresh.replace(path)
    write_head(folder, entries[-1])
    tell(
        f"{path}: rebuilt from {left.num_intact} intact entries of {left.num_readable} readable "
        f"ones; the damaged file is kept as {aside.name}"
    )
    if left.num_retold:
        tell(
            f"the search restarts from before the damage; {left.num_retold} later results are "
            f"kept, and not trained again"
        )


def _free(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
