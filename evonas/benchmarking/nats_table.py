"""The topology archive of NATS-Bench as a table, read by its own package (Dong et al. 2021)."""

import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

from evonas.benchmarking.table import Row, check_columns
from evonas.errors import ConfigError, DataError

EPOCHS = ("12", "200")
_RECORD = re.compile(r"[0-9]{6}\.pickle\.pbz2")

# column name without epochs: data set and metric in the archive; values are averaged over seeds
_ACCURACIES = {
    "c10_valid": ("cifar10-valid", "valid-accuracy"),
    "c10_test": ("cifar10", "test-accuracy"),
    "c100_valid": ("cifar100", "valid-accuracy"),
    "c100_test": ("cifar100", "test-accuracy"),
    "in16_valid": ("ImageNet16-120", "valid-accuracy"),
    "in16_test": ("ImageNet16-120", "test-accuracy"),
}
COLUMNS = (
    "params",
    "flops_m",
    *(f"{name}_{epochs}" for name, epochs in product(_ACCURACIES, EPOCHS)),
)


def read_nats(folder: Path, columns: Sequence[str]) -> list[Row]:
    """Read the records in a folder of the archive in its "simple" form.

    A record is a pickle, which can run code when it is opened: only open folders that you trust.

    Args:
        folder: folder named ``NATS-tss-v1_0-...-simple``; it may hold only some of the records.
        columns: names of :data:`COLUMNS`: ``c10_test_200`` is the accuracy in % on the test part
            of CIFAR-10 after 200 epochs, averaged over the trained seeds; ``params`` is the number
            of weights and ``flops_m`` millions of multiply-adds, of the network for CIFAR-10.

    Raises:
        ConfigError: the package ``nats_bench`` is not installed.
        DataError: the folder holds no record, or there is no such column.
    """
    check_columns(columns, COLUMNS, where=str(folder))
    indices = sorted(
        int(path.name[:6]) for path in folder.iterdir() if _RECORD.fullmatch(path.name)
    )
    if not indices or not (folder / "meta.pickle.pbz2").exists():
        raise DataError(
            f"{folder}: expected meta.pickle.pbz2 and records such as 000000.pickle.pbz2 (the "
            "archive NATS-tss-v1_0-...-simple), or the path of a CSV file"
        )
    if find_spec("nats_bench") is None:
        raise ConfigError(
            f"{folder}: an archive is read by the package nats_bench, which is not installed; "
            "pip install nats_bench"
        )
    return list(_rows(folder, indices, columns))


def _rows(folder: Path, indices: Sequence[int], columns: Sequence[str]) -> Iterator[Row]:
    from nats_bench import create  # an optional package, and slow to import

    archive = create(str(folder), "tss", fast_mode=True, verbose=False)
    for index in indices:
        values: dict[str, float | None] = {name: _value(archive, index, name) for name in columns}
        yield Row(f"{folder}, record {index}", archive.arch(index), values)
        archive.clear_params(index)  # the archive would keep every record that it has opened


def _value(archive: Any, index: int, column: str) -> float:
    if column == "params":
        return float(round(1e6 * archive.get_cost_info(index, "cifar10")["params"]))
    if column == "flops_m":
        return float(archive.get_cost_info(index, "cifar10")["flops"])
    name, _, epochs = column.rpartition("_")
    dataset, metric = _ACCURACIES[name]
    told = archive.get_more_info(index, dataset, hp=epochs, is_random=False)
    return float(told[metric])
