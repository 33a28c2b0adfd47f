"""The images of an existing run: a new location, or other images to continue with."""

from dataclasses import asdict
from pathlib import Path

from evonas.errors import ConfigError, DataError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import fingerprints, traits_of
from evonas.study.config import write_data_folder
from evonas.study.folder import opened_run
from evonas.study.shape import run_traits


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
        DataError: the training images are missing or damaged, or the networks of the run cannot
            take them.
        RunFolderError: there is no run, or another process is working on it.
        StorageError: the journal is damaged.
    """
    with opened_run(folder) as (settings, journal):
        training = settings.training
        data_dir, fitting = Path(training.data_dir), Fitting.of(training)
        train, test = fingerprints(training.dataset, data_dir=data_dir, fitting=fitting)
        if (train, test) == (training.train_sha256, training.test_sha256):
            return False
        traits = traits_of(training.dataset, data_dir=data_dir, fitting=fitting)
        _check_fit(traits, run_traits(settings, journal), folder=folder)
        journal.record_accepted_data(
            {"train_sha256": train, "test_sha256": test}, traits=asdict(traits)
        )
        return True


def _check_fit(found: Traits, expected: Traits, *, folder: Path) -> None:
    """Refuse images of another size, or of other classes, than networks were built for."""
    for what, now, then in (
        ("classes", found.num_classes, expected.num_classes),
        ("channels, height and width", found.shape, expected.shape),
    ):
        if now != then:
            raise DataError(
                f"{folder}: the networks of this run expect images with {_plain(then)} {what}, "
                f"found {_plain(now)}; start a new run"
            )


def _plain(numbers: int | tuple[int, ...]) -> str:
    return " x ".join(map(str, numbers)) if isinstance(numbers, tuple) else str(numbers)
