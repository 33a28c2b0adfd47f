"""Runs of every format so far, written by old versions of evonas. Oracle: their own tables."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

import evonas
from evonas.study.folder import opened_run, readable_run
from evonas.study.journal.database import FORMAT
from evonas.study.journal.earlier_formats import EARLIER_FORMATS
from evonas.study.upkeep.state import ENDED, summarise_run

EARLIER = Path(__file__).parent / "earlier"


@pytest.fixture(params=EARLIER_FORMATS, ids=lambda number: f"format {number}")
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def folder(number: int, tmp_path: Path) -> Path:
    return Path(shutil.copytree(EARLIER / f"format-{number}", tmp_path / "run"))


def same_table(folder: Path) -> None:
    """Assert that every column of the old table has the same values now."""
    then = pd.read_csv(folder / "pareto.csv", index_col="key", keep_default_na=False)
    now = evonas.load_study(folder).front
    assert list(now.index) == list(then.index)
    for name in then.columns:
        found = [("" if pd.isna(value) else value) for value in now[name]]
        assert found == pytest.approx(list(then[name])), name


def test_old_run_keeps_its_table_through_migration(folder: Path, number: int) -> None:
    same_table(folder)
    with readable_run(folder) as (_, journal):
        assert journal.version == number
        before = (journal.events(), journal.confirmations(), journal.entries)
    assert summarise_run(folder).state == ENDED
    with opened_run(folder) as (_, journal):
        assert journal.version == FORMAT
        assert (journal.events(), journal.confirmations(), journal.entries) == before
    same_table(folder)
    original = (EARLIER / f"format-{number}" / "study.db").read_bytes()
    kept = folder / f"study.db.format-{number}"
    shutil.copy(kept, folder / "study.db")
    (folder / "study.head").unlink()
    with readable_run(folder) as (_, journal):  # the kept copy can be restored
        assert journal.version == number
        assert journal.entries == before[2]
    assert kept.stat().st_size == len(original)
