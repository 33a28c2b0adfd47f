"""Create a run's folder, completely or not at all."""

import shutil
from dataclasses import asdict
from pathlib import Path

from evonas.errors import DiskFullError, RunFolderError, StorageError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.loading import traits_of
from evonas.settings import Settings
from evonas.study.config import CONFIG_FILE, SPACE_FILE, config_text, read_config
from evonas.study.folder import run_digest
from evonas.study.journal.opening import create_journal
from evonas.study.prior.prior_file import PRIOR_FILE
from evonas.study.upkeep.full_disk import check_room, is_full
from evonas.study.upkeep.new_folder import folder_to_rename
from evonas.study.versions import sources, versions

BYTES_PER_TRAINING = 2000
"""Minimum size of a journal and the tables, measured with one epoch and two objectives."""


def next_free_folder(parent: Path, settings: Settings) -> Path:
    """``parent/<space>-<data set>-<number>`` with the first free number."""
    name, number = f"{settings.problem.space}-{settings.training.dataset}", 1
    while (folder := parent / f"{name}-{number}").exists():
        number += 1
    return folder


def check_is_free(folder: Path, settings: Settings) -> None:
    """Refuse a folder that cannot hold a new run.

    Raises:
        RunFolderError: it already holds a run (the message says how to continue it, or how its
            settings differ), or other files, or the file system refuses its name.
    """
    try:
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return
    except OSError as problem:
        raise _not_made(folder, problem) from problem
    if not folder.is_dir():
        raise RunFolderError(f"{folder}: expected a folder, found a file")
    if not (folder / CONFIG_FILE).exists():
        raise RunFolderError(f"{folder}: expected a new or empty folder, it holds other files")
    differences = read_config(folder).differences(settings)
    if not differences:
        raise RunFolderError(
            f"{folder}: already holds this run; continue it with: evonas resume {folder}"
        )
    raise RunFolderError(
        f"{folder}: holds a run with another configuration ({'; '.join(differences)}); "
        "choose another --out"
    )


def create_run(
    folder: Path, settings: Settings, *, space_text: str, prior_json: str | None = None
) -> None:
    """Create the folder of a new run: its configuration, its space and an empty journal.

    Args:
        folder: a new or empty folder.
        settings: settings of the run, filled in.
        space_text: the YAML of its search space.
        prior_json: text of the earlier results that it starts from; None for none.

    Raises:
        RunFolderError: see :func:`check_is_free`; also if the folder cannot be created.
        DiskFullError: there is no space for it, or for the journal of that many trainings.
    """
    check_is_free(folder, settings)
    try:
        check_room(folder, needed_bytes=BYTES_PER_TRAINING * settings.search.num_trainings)
        temporary = folder_to_rename(folder)
    except OSError as problem:
        raise _not_made(folder, problem) from problem
    try:
        installed = versions(settings)
        text = config_text(settings, versions=installed, sources=sources(settings))
        (temporary / CONFIG_FILE).write_text(text, encoding="utf-8")
        (temporary / SPACE_FILE).write_text(space_text, encoding="utf-8")
        if prior_json is not None:
            (temporary / PRIOR_FILE).write_bytes(prior_json.encode())
        training = settings.training
        traits = traits_of(
            training.dataset, data_dir=Path(training.data_dir), fitting=Fitting.of(training)
        )
        create_journal(
            temporary,
            digest=run_digest(temporary),
            traits=asdict(traits),
            versions=installed,
        ).close()
        temporary.chmod(0o755)
        temporary.replace(folder)  # atomic: a killed process leaves no partial run
    except (OSError, StorageError) as problem:
        if isinstance(problem, StorageError) and not is_full(problem):
            raise
        # also if another process created the folder meanwhile
        raise _not_made(folder, problem) from problem
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _not_made(folder: Path, problem: Exception) -> RunFolderError | DiskFullError:
    if is_full(problem):
        return DiskFullError(
            f"{folder}: cannot be created, the disk is full; free some space, or choose another "
            f"--out"
        )
    reason = problem.strerror if isinstance(problem, OSError) else problem
    return RunFolderError(f"{folder}: cannot be created: {reason}")
