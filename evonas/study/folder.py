"""The folder of a run: many readers, one writer at a time."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from evonas.errors import InputError, ObjectiveError, RunFolderError, StorageError
from evonas.evaluation.objectives.own_module import source_of
from evonas.settings import Settings
from evonas.strict_yaml import read_text, read_yaml
from evonas.study.config import (
    CONFIG_FILE,
    SPACE_FILE,
    read_config,
    read_document,
    read_sources,
)
from evonas.study.journal.journal import JOURNAL_FILE, Journal
from evonas.study.journal.opening import open_journal

LOCK_FILE = "lock"


@contextmanager
def opened_run(folder: Path) -> Iterator[tuple[Settings, Journal]]:
    """The settings and the journal of a run, opened for the one process that writes to it.

    A journal in an earlier format is upgraded.

    Raises:
        RunFolderError: there is no run, or another process is working on it.
        ObjectiveError: one of its custom objectives is missing, or was changed after the run
            started.
        StorageError: see :func:`readable_run`.
    """
    check_is_run(folder)
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0.5, poll_interval=0.05)  # readers hold it only for a moment
    except Timeout as problem:
        raise RunFolderError(f"{folder}: another process is working on this run") from problem
    except OSError as problem:
        raise RunFolderError(f"{folder}: cannot be written: {problem.strerror}") from problem
    try:
        with _run(folder, is_written=True) as (settings, journal):
            _check_sources(folder)
            journal.migrate()
            yield settings, journal
    finally:
        lock.release()


@contextmanager
def readable_run(folder: Path) -> Iterator[tuple[Settings, Journal]]:
    """The settings and the journal of a run, for reading, even while another process writes.

    Raises:
        RunFolderError: there is no run.
        StorageError: the journal is damaged, or the configuration or the space was changed after
            the run started.
    """
    with _run(folder, is_written=False) as opened:
        yield opened


@contextmanager
def _run(folder: Path, *, is_written: bool) -> Iterator[tuple[Settings, Journal]]:
    check_is_run(folder)
    settings = read_config(folder)
    journal = open_journal(folder, is_written=is_written)
    try:
        if journal.digest() != run_digest(folder):
            raise StorageError(
                f"{folder}: {CONFIG_FILE} or {SPACE_FILE} was changed after the run started; "
                f"restore it, or start a new run"
            )
        yield settings.with_values(journal.changes()), journal
    finally:
        journal.close()


def run_digest(folder: Path) -> str:
    """Hash of everything that determines the result of the run in ``folder``, except versions.

    It covers the text of the files, not their interpretation, so that a later setting whose
    default changes nothing leaves earlier runs valid.
    """
    document = read_document(folder / CONFIG_FILE)
    text = json.dumps([document, read_text(folder / SPACE_FILE)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_sources(folder: Path) -> None:
    """Refuse to measure candidates of one run with two different functions of the same name."""
    for name, began in read_sources(folder).items():
        now = source_of(name)
        if now.sha256 != began.sha256:
            raise ObjectiveError(
                f"objective '{name}': {now.file} is not the one that the run started with "
                f"({began.file}); restore that one, or start a new run"
            )


def check_is_run(folder: Path) -> None:
    """Refuse a folder without a run, or one with links that lead out of it.

    Raises:
        RunFolderError: there is no run, or there is such a link.
    """
    try:
        is_run = (folder / CONFIG_FILE).exists()
    except OSError as problem:
        raise RunFolderError(
            f"{folder}: expected the folder of a run: {problem.strerror}"
        ) from problem
    if not is_run:
        raise RunFolderError(f"{folder}: expected the folder of a run, found no {CONFIG_FILE}")
    if is_final_training(folder):
        raise RunFolderError(
            f"{folder}: expected the folder of a run, found a training of evonas train; its "
            "networks are the files seed-N/model.safetensors"
        )
    home = folder.resolve()
    for parent, folders, files in os.walk(home):
        for path in (Path(parent, name) for name in (*folders, *files)):
            target = Path(os.path.realpath(path))  # unlike `resolve`, also of a circle of links
            if path.is_symlink() and not target.is_relative_to(home):
                raise RunFolderError(
                    f"{folder}: {path.relative_to(home)} is a link that leads out of the run, "
                    "where evonas would write and remove files; put in its place what it links to"
                )


def is_final_training(folder: Path) -> bool:
    """Whether the folder holds a training of ``evonas train`` instead of a run."""
    if (folder / JOURNAL_FILE).exists():
        return False
    try:
        document = read_yaml(folder / CONFIG_FILE)
    except InputError:
        return False
    return isinstance(document, dict) and "recipe" in document
