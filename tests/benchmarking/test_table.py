"""Table files: plain, gzipped, and malformed."""

import gzip
from pathlib import Path

import pytest

from evonas.benchmarking.table import read_table
from evonas.errors import DataError

TEXT = "index,arch,acc,params\n0,|a~0|,91.5,1e6\n1,|b~0|,,2\n"


def test_requested_columns_are_read_from_plain_and_gzipped_csv(tmp_path: Path) -> None:
    plain, packed = tmp_path / "t.csv", tmp_path / "t.csv.gz"
    plain.write_text(TEXT)
    packed.write_bytes(gzip.compress(TEXT.encode()))
    for path in (plain, packed):
        rows = read_table(path, ("params", "acc"))
        assert [row.arch for row in rows] == ["|a~0|", "|b~0|"]
        assert [row.values for row in rows] == [
            {"params": 1e6, "acc": 91.5},
            {"params": 2.0, "acc": None},
        ]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        (TEXT, ("ac",), "no column 'ac'; did you mean 'acc'"),
        ("index,acc\n0,1\n", ("acc",), "no column 'arch'"),
        ("", ("acc",), "no column 'arch'"),
        ("arch,acc\n|a~0|,high\n", ("acc",), "t.csv:2: acc: expected a finite number"),
        ("arch,acc\n|a~0|,1\n|b~0|,inf\n", ("acc",), "t.csv:3: acc: expected a finite number"),
        ("arch,acc\n|a~0|,nan\n", ("acc",), "t.csv:2: acc: expected a finite number"),
        (
            "arch,acc\n|a~0|\n",
            ("acc",),
            "t.csv:2: expected 2 cells, as in the header",
        ),
        ("arch,a,acc\n|a~0|,1\n", ("a",), "t.csv:2: expected 3 cells"),
        ("arch,a,acc\n|a~0|,1,2\n|b~0|,1,2,3\n", ("acc",), "t.csv:3: expected 3 cells"),
        ("arch,acc,acc\n|a~0|,1,2\n", ("acc",), "t.csv:1: column 'acc' occurs 2 times"),
        ("arch,a,a,acc\n|a~0|,1,2,3\n", ("acc",), "t.csv:1: column 'a' occurs 2 times"),
    ],
)
def test_malformed_table_raises_data_error(
    tmp_path: Path, text: str, columns: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as error:
        read_table(path, columns)
    assert str(path) in str(error.value)


def test_missing_or_mislabelled_table_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_table(tmp_path / "none.csv", ("acc",))
    (tmp_path / "t.csv.gz").write_text(TEXT)
    with pytest.raises(DataError, match="cannot be read: Not a gzipped file"):
        read_table(tmp_path / "t.csv.gz", ("acc",))
    (tmp_path / "t.csv").write_bytes(b"arch,acc\n\xff\xfe,1\n")
    with pytest.raises(DataError, match="not a table as CSV"):
        read_table(tmp_path / "t.csv", ("acc",))
