"""The differences of networks from their ``bp`` twins, where measured."""

from collections.abc import Mapping
from pathlib import Path

from evonas.report.controls.comparison import compare_controls
from evonas.report.controls.paired import Estimate
from evonas.study.controls.names import NETWORK, TWIN
from evonas.study.controls.reading import Trainings, read_controls

Differences = Mapping[str, Estimate]
"""By measure: network minus twin, over pairs of trainings."""


def twin_differences(controls: Mapping[str, Trainings]) -> dict[str, Differences]:
    """The difference of each network to its ``bp`` twin, by the key of the network.

    Args:
        controls: controls of :func:`evonas.study.controls.reading.read_controls`.
    """
    found = {
        key: {
            row.measure: row.difference
            for row in compare_controls({NETWORK: of[NETWORK], TWIN: of[TWIN]})
            if row.control == TWIN and row.difference is not None
        }
        for key, of in controls.items()
        if TWIN in of
    }
    return {key: differences for key, differences in found.items() if differences}


def read_twin_differences(folder: Path) -> dict[str, Differences]:
    """The differences for the run in ``folder``; empty if there are none.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    return twin_differences(read_controls(folder))
