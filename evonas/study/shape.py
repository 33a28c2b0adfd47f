"""What the candidates of a run are built from: its space at their size, and its images' traits."""

from collections.abc import Sequence
from pathlib import Path

from evonas.errors import SpaceError
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.loading import traits_of
from evonas.rules import all_rules, first_layer_representatives, readout_representatives
from evonas.settings import Settings
from evonas.space import Space, load
from evonas.study.config import SPACE_FILE


def shaped_space(space: Space, settings: Settings) -> Space:
    """``space`` at the size of a run, with the run's rules."""
    sized = space.resized(channels=settings.training.channels, cells=settings.training.cells)
    return under_rules(sized, settings.problem.rules)


def under_rules(space: Space, rules: Sequence[str]) -> Space:
    """``space`` with these rules to choose from, knowing which of them are one function where.

    Raises:
        SpaceError: none are given, or one is given twice.
    """
    return (
        space.with_rules(rules)
        .with_first_layer(first_layer_representatives(all_rules(), rules))
        .with_readout(readout_representatives(all_rules(), rules))
    )


def read_space(settings: Settings, folder: Path) -> Space:
    """The space of the run in ``folder``, from the copy that was made when it began.

    Raises:
        SpaceError: the copy is missing, or is no search space.
    """
    path = folder / SPACE_FILE
    if not path.exists():
        raise SpaceError(f"{path}: the run's copy of its search space is missing")
    return shaped_space(load(str(path)), settings)


def run_traits(settings: Settings) -> Traits:
    """What the data set of a run is like; nothing is read, save by ``folder``.

    Raises:
        DataError: ``folder`` finds no images.
    """
    training = settings.training
    return traits_of(training.dataset, data_dir=Path(training.data_dir))
