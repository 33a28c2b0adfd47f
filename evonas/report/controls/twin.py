"""Differences between networks and their ``bp`` twins, where twins were trained."""

from collections.abc import Mapping
from pathlib import Path

from evonas.report.controls.comparison import compare_controls
from evonas.report.controls.paired import Estimate
from evonas.study.controls.names import NETWORK, TWIN
from evonas.study.controls.reading import Trainings, read_controls

Differences = Mapping[str, Estimate]
"""Network minus twin over pairs of trainings, keyed by measure."""


def twin_differences(controls: Mapping[str, Trainings]) -> dict[str, Differences]:
    """The difference between each network and its ``bp`` twin, keyed by the network's key.

    Args:
        controls: result of :func:`evonas.study.controls.reading.read_controls`.
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
    """The twin differences of the run in ``folder``; empty if no twin was trained.

    Raises:
        RunFolderError: there is no run.
        StorageError: see :func:`evonas.study.folder.readable_run`.
    """
    return twin_differences(read_controls(folder))
