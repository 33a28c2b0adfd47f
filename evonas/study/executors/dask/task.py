"""Code that runs on the workers of a Dask cluster, never in the run's own process."""

import platform
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from evonas.evaluation.data.given import GivenData
from evonas.evaluation.data.loading import give
from evonas.evaluation.objectives.own_module import also_search
from evonas.evaluation.one_thread import one_thread
from evonas.study.executors.inline import evaluate_order
from evonas.study.executors.order import Order, Result
from evonas.version import evonas_version

BEGAN_TOPIC = "evonas-began"  # Dask event: (key of the task, address of the worker)
# a worker may have several threads; a candidate needs the whole process
_ONE_AT_A_TIME = threading.Lock()


class OtherVersions(Exception):
    """A worker's package versions differ from the run's; the message says which."""


def own_versions() -> dict[str, str]:
    """The package versions in this process that determine results."""
    python = ".".join(platform.python_version_tuple()[:2])
    torch_version = str(torch.__version__).partition("+")[0]  # without the build variant
    return {"python": python, "evonas": evonas_version(), "torch": torch_version}


def evaluate_remotely(
    order: Order, data: GivenData | None, *, versions: Mapping[str, str], folders: Sequence[str]
) -> Result:
    """The result of an order, in a process of the cluster.

    Args:
        order: to be evaluated.
        data: its data set, which this machine need not have; None to read the files.
        versions: versions of the run.
        folders: import paths of the user's own modules.

    Raises:
        OtherVersions: this worker has other versions.
    """
    check_versions(versions)
    with _ONE_AT_A_TIME, one_thread():
        _report_start()
        for folder in folders:
            also_search(Path(folder))
        if data is not None:
            give(data)
        return evaluate_order(order)


def check_versions(expected: Mapping[str, str]) -> None:
    """Refuse to work with package versions that differ from the run's.

    Raises:
        OtherVersions: versions differ.
    """
    mine = own_versions()
    others = [f"{name} {mine[name]}" for name in expected if mine[name] != expected[name]]
    if others:
        wanted = ", ".join(f"{name} {version}" for name, version in expected.items())
        raise OtherVersions(
            f"{platform.node()}: expected the versions of the run ({wanted}), found "
            f"{', '.join(others)}; install the same versions there ({sys.executable})"
        )


def _report_start() -> None:
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(BEGAN_TOPIC, (worker.get_current_task(), worker.address))
