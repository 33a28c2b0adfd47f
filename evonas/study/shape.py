"""The inputs for building candidates: the space at their size, and the traits of the images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evonas.errors import SpaceError
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import traits_of
from evonas.rules import all_rules, first_layer_representatives, readout_representatives
from evonas.settings import Settings
from evonas.space import Space, load
from evonas.study.config import SPACE_FILE
from evonas.study.folder import readable_run
from evonas.study.journal.journal import Journal


def shaped_space(space: Space, settings: Settings) -> Space:
    """``space`` at the size of a run, with the run's rules."""
    sized = space.resized(channels=settings.training.channels, cells=settings.training.cells)
    return under_rules(sized, settings.problem.rules)


def under_rules(space: Space, rules: Sequence[str]) -> Space:
    """``space`` with these rules, including where some of them are the same function.

    Raises:
        SpaceError: there are none, or one is repeated.
    """
    return (
        space.with_rules(rules)
        .with_first_layer(first_layer_representatives(all_rules(), rules))
        .with_readout(readout_representatives(all_rules(), rules))
    )


def read_space(settings: Settings, folder: Path) -> Space:
    """The space of the run in ``folder``, from the copy made at its start.

    Raises:
        SpaceError: the copy is missing, or is not a search space.
    """
    path = folder / SPACE_FILE
    if not path.exists():
        raise SpaceError(f"{path}: the run's copy of its search space is missing")
    return shaped_space(load(str(path)), settings)


def run_traits(settings: Settings, journal: Journal) -> Traits:
    """The traits of a run's images, without reading them (except ``folder`` in older runs).

    Args:
        settings: settings of the run.
        journal: journal of the run.

    Raises:
        DataError: ``folder`` finds no images.
    """
    written = journal.traits()
    if written is None:
        training = settings.training
        return traits_of(
            training.dataset, data_dir=Path(training.data_dir), fitting=Fitting.of(training)
        )
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in written.items()
    }
    return Traits(**known)


def read_traits(settings: Settings, folder: Path) -> Traits:
    """The traits for the run in ``folder``, which is not open.

    Raises:
        DataError: ``folder`` finds no images.
        StorageError: the journal is damaged.
    """
    with readable_run(folder) as (_, journal):
        return run_traits(settings, journal)
