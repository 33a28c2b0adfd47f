"""The images of an existing run: a new location, or other images to continue with."""

from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.loading import fingerprints
from evonas.study.config import write_data_folder
from evonas.study.folder import opened_run


def move_data(folder: Path, data_dir: Path) -> None:
    """Set a new location of the images of the run in ``folder``.

    Args:
        folder: folder of the run.
        data_dir: folder of the images.

    Raises:
        ConfigError: there is no such folder.
        RunFolderError: there is no run, or another process is working on it.
        StorageError: the journal is damaged.
    """
    if not data_dir.exists():
        raise ConfigError(f"data_dir: expected a folder or a file, found none at {data_dir}")
    with opened_run(folder):
        write_data_folder(folder, data_dir.resolve())


def accept_data(folder: Path) -> bool:
    """Continue the run in ``folder`` with the images found now; the journal records it.

    Args:
        folder: folder of the run.

    Returns:
        Whether they differ from the previous ones.

    Raises:
        DataError: the training images are missing or damaged.
        RunFolderError: there is no run, or another process is working on it.
        StorageError: the journal is damaged.
    """
    with opened_run(folder) as (settings, journal):
        training = settings.training
        train, test = fingerprints(
            training.dataset, data_dir=Path(training.data_dir), fitting=Fitting.of(training)
        )
        if (train, test) == (training.train_sha256, training.test_sha256):
            return False
        journal.record_accepted_data({"train_sha256": train, "test_sha256": test})
        return True
