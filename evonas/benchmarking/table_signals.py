"""Signals for a search on a table; they are measured on networks, not read from the table."""

from pathlib import Path

from evonas.benchmarking.table_problem import ArchitectureProblem
from evonas.errors import DataError
from evonas.evaluation.data.images import SearchData
from evonas.evaluation.data.known import all_datasets
from evonas.evaluation.data.loading import load_search_data
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.signals.genome_signals import GenomeSignals, num_images_needed
from evonas.space import Space

IMAGES, OTHER_IMAGES = "cifar10", "digits"
"""Images for networks: the first data set if it is available, else the second."""


def table_signals(
    names: tuple[str, ...], space: Space, *, cache: Path | None = None
) -> GenomeSignals:
    """Create signals for the architectures of a space, as in :class:`ArchitectureProblem`.

    Args:
        names: names of the signals, as returned by
            :func:`~evonas.evaluation.signals.genome_signals.parse_signals`.
        space: space of the table.
        cache: file that stores measured signals; None to store nothing.

    Raises:
        SpaceError: the space halves images more often than their size allows.
    """
    problem = ArchitectureProblem(space)
    num_images = num_images_needed(names)
    data = _images(num_images) if num_images else None
    traits = data.traits if data else all_datasets()[IMAGES].traits(default_data_dir())
    return GenomeSignals(
        names,
        problem.space,
        traits=traits,
        images=data.train if data else None,
        whole=problem.whole,
        cache=cache,
    )


def _images(num_images: int) -> SearchData:
    try:
        return load_search_data(IMAGES, seed=0, num_images=num_images)
    except DataError:
        return load_search_data(OTHER_IMAGES, seed=0, num_images=num_images)
