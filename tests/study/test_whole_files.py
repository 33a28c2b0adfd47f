"""Files are written whole: an interrupted write changes nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from evonas.study.weights import whole_file, write_whole


def test_failed_write_leaves_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, b"old")

    def interrupted() -> None:
        with whole_file(path) as temporary:
            temporary.write_bytes(b"ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [each.name for each in tmp_path.iterdir()] == ["table.csv"]
    assert path.read_bytes() == b"old"


def test_files_that_differ_by_their_ending_share_no_temporary_file(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.csv") as one, whole_file(tmp_path / "a.json") as two:
        one.write_bytes(b"1")
        two.write_bytes(b"2")
    assert (tmp_path / "a.csv").read_bytes() == b"1"


def test_device_is_written_to() -> None:
    code = (
        "from pathlib import Path; from evonas.study.weights import write_whole; "
        "write_whole(Path('/dev/stdout'), b'text')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stdout == b"text"
