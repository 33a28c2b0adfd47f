"""The folder of a run: made whole or not at all, and used by one process at a time."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import mkdtemp

from filelock import FileLock, Timeout

from evonas.errors import RunFolderError, StorageError
from evonas.schema import read_text
from evonas.study.config import CONFIG_FILE, SPACE_FILE, RunConfig, read_config, write_config
from evonas.study.journal import Journal, create_journal, open_journal

LOCK_FILE = "lock"


def next_free_folder(parent: Path, config: RunConfig) -> Path:
    """``parent/<space>-<data set>-1``, or the first number that is free."""
    number = 1
    while (folder := parent / f"{config.space}-{config.dataset}-{number}").exists():
        number += 1
    return folder


def check_is_free(folder: Path, config: RunConfig) -> None:
    """Refuse a folder that a new run cannot have.

    Raises:
        RunFolderError: it holds a run already (of this configuration: say how to go on; of
            another: say what differs), or anything else.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: expected a folder, found a file")
    if not (folder / CONFIG_FILE).exists():
        raise RunFolderError(f"{folder}: expected a new or empty folder, it holds other files")
    differences = read_config(folder).differences(config)
    if not differences:
        raise RunFolderError(
            f"{folder}: holds this very run already; go on with it by: evonas resume {folder}"
        )
    raise RunFolderError(
        f"{folder}: holds a run made by another configuration ({'; '.join(differences)}); "
        "choose another --out"
    )


def create_run(folder: Path, config: RunConfig, *, space_text: str) -> None:
    """Make the folder of a new run: its configuration, its space and an empty journal.

    Raises:
        RunFolderError: see :func:`check_is_free`; also when the folder cannot be made.
    """
    check_is_free(folder, config)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as problem:
        raise RunFolderError(f"{folder}: cannot be made: {problem.strerror}") from problem
    try:
        write_config(config, temporary)
        (temporary / SPACE_FILE).write_text(space_text, encoding="utf-8")
        create_journal(temporary, digest=_digest(config, space_text)).close()
        temporary.chmod(0o755)
        temporary.replace(folder)  # atomic: a killed process leaves no half-made run
    except OSError as problem:
        # also when another process made the folder meanwhile
        raise RunFolderError(f"{folder}: cannot be made: {problem.strerror}") from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def opened_run(folder: Path) -> Iterator[tuple[RunConfig, Journal]]:
    """The configuration and the journal of a run, for the one process that writes to it.

    Raises:
        RunFolderError: there is no run, or another process is at work on it.
        StorageError: see :func:`readable_run`.
    """
    _check_is_run(folder)
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as problem:
        raise RunFolderError(f"{folder}: another process is at work on this run") from problem
    try:
        with readable_run(folder) as run:
            yield run
    finally:
        lock.release()


@contextmanager
def readable_run(folder: Path) -> Iterator[tuple[RunConfig, Journal]]:
    """The same for a process that only reads, also while another one writes.

    Raises:
        RunFolderError: there is no run.
        StorageError: the journal is damaged, or the configuration or the space was changed after
            the run began.
    """
    _check_is_run(folder)
    config, space_text = read_config(folder), read_text(folder / SPACE_FILE)
    journal = open_journal(folder)
    try:
        if journal.digest() != _digest(config, space_text):
            raise StorageError(
                f"{folder}: {CONFIG_FILE} or {SPACE_FILE} differs from what the run began with; "
                "put it back, or begin a new run"
            )
        yield config, journal
    finally:
        journal.close()


def _check_is_run(folder: Path) -> None:
    if not (folder / CONFIG_FILE).exists():
        raise RunFolderError(f"{folder}: expected the folder of a run, found no {CONFIG_FILE}")


def _digest(config: RunConfig, space_text: str) -> str:
    """Of everything that decides the result, versions aside."""
    document = json.dumps([asdict(config), space_text], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()
