"""The adapter of NATS-Bench against values read from its records independently."""

import csv
import gzip
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from evonas.benchmarking.nats_table import COLUMNS, read_nats
from evonas.errors import ConfigError, DataError

FOLDER = Path("nas-bench-201")
ARCHIVE = FOLDER / "NATS-tss-v1_0-3ffb9-simple"


@pytest.fixture
def data() -> Path:
    pytest.importorskip("nats_bench")
    folders = [Path(__file__).parents[3] / "shared" / "data"]
    if "EVONAS_DATA" in os.environ:
        folders.append(Path(os.environ["EVONAS_DATA"]))
    found = next((folder for folder in folders if (folder / ARCHIVE).exists()), None)
    if found is None:
        pytest.skip(f"{ARCHIVE} is not here")
    return found


def test_rows_match_independently_read_nats_records(data: Path) -> None:
    rows = read_nats(data / ARCHIVE, COLUMNS)
    vectors: dict[str, dict[str, Any]] = json.loads(
        (data / FOLDER / "nats_records_vectors.json").read_text()
    )
    assert [row.where.rpartition(" ")[2] for row in rows] == ["0", "11", "284"]
    for row in rows:
        told = vectors[row.where.rpartition(" ")[2]]
        assert row.arch == told["arch"]
        assert row.values["params"] == pytest.approx(1e6 * told["params_M"]["cifar10"])
        assert row.values["flops_m"] == pytest.approx(told["flops_M"]["cifar10"])
        for name in COLUMNS[2:]:
            assert row.values[name] == pytest.approx(told[name]["mean"]), name


def test_rows_match_published_nas_bench_201_table(data: Path) -> None:
    with gzip.open(data / FOLDER / "nb201_cifar10.csv.gz", "rt", encoding="utf-8") as file:
        table = {row["arch"]: row for row in csv.DictReader(file)}
    columns = ("c10_valid_12", "c10_test_12", "c10_valid_200", "c10_test_200", "params")
    for row in read_nats(data / ARCHIVE, columns):
        for name in columns:
            assert row.values[name] == pytest.approx(float(table[row.arch][name]), abs=1e-3), name


def test_invalid_archive_or_column_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected meta\.pickle\.pbz2 and records such as"):
        read_nats(tmp_path, ("params",))
    with pytest.raises(DataError, match="no column 'c10_pgd_e1'"):
        read_nats(tmp_path, ("c10_pgd_e1",))


def test_missing_nats_bench_package_raises_config_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("meta.pickle.pbz2", "000003.pickle.pbz2"):
        (tmp_path / name).touch()
    monkeypatch.setitem(sys.modules, "nats_bench", None)
    with pytest.raises(ConfigError, match="pip install nats_bench"):
        read_nats(tmp_path, ("params",))
