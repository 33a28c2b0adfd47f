"""The journal: entries are read back as written, and damage is rejected."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evonas.errors import StorageError
from evonas.evaluation.record import Evaluation
from evonas.study.journal.events import Asked, Promoted, Told
from evonas.study.journal.findings import Finding
from evonas.study.journal.journal import JOURNAL_FILE, Journal
from evonas.study.journal.opening import create_journal, open_journal


def evaluation(key: str, failure: str | None = None) -> Evaluation:
    return Evaluation(
        key=key,
        genome=f"genome of {key}",
        values={} if failure else {"acc": 0.1 + 0.2, "params": 12.0},
        weights_by_rule={"fa": 3},
        losses=(1.5, 0.1),
        epochs=2,
        seconds=0.25,
        seed=2**63 - 1,
        failure=failure,
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return create_journal(tmp_path, digest="abc")


def test_results_are_read_back_exactly_in_order_of_asks(journal: Journal, tmp_path: Path) -> None:
    journal.record_asks([("a", "genome of a"), ("b", "genome of b")], generation=0)
    journal.record_asks([("c", "genome of c")], generation=1)
    told = [evaluation("c"), evaluation("a"), evaluation("b", "diverged: at once")]
    for one in told:
        journal.record_tell(one)
    journal.close()
    again = open_journal(tmp_path)
    asks = [Asked("a", 0), Asked("b", 0), Asked("c", 1)]
    assert again.events() == [*asks, *map(Told, told)]
    assert again.evaluations() == [told[1], told[2], told[0]]
    assert again.digest() == "abc"
    again.close()


def test_events_are_read_back_in_order_of_writing(journal: Journal, tmp_path: Path) -> None:
    refused, first, later = (
        replace(evaluation(key), epochs=epochs) for key, epochs in (("b", 0), ("a", 1), ("a", 3))
    )
    journal.record_asks([("a", ""), ("b", "")], generation=0, refused=[refused])
    journal.record_tell(first)
    journal.record_promotions(["a"], epochs=3)
    journal.record_asks([("c", "")], generation=1)
    journal.record_tell(later)
    journal.close()
    again = open_journal(tmp_path)
    assert again.events() == [
        Asked("a", 0), Asked("b", 0), Told(refused), Told(first), Promoted("a", 3), Asked("c", 1),
        Told(later),
    ]  # fmt: skip
    assert again.evaluations() == [later, refused]
    again.close()


def test_only_repeatable_results_are_known_after_extension(journal: Journal) -> None:
    """A failure may have had outside causes, and a bound depends on the rivals of its time."""
    trained = evaluation("a")
    failed = evaluation("b", "RuntimeError: lost")
    skipped = replace(evaluation("c"), bounds={"robust": 0.5})
    refused = replace(evaluation("d"), epochs=0)
    journal.record_asks([(key, "") for key in "abcd"], generation=0)
    for one in (trained, failed, skipped, refused):
        journal.record_tell(one)
    assert journal.known() == []
    journal.record_extension({"evaluations": 12})
    assert journal.known() == [trained]


def test_duplicate_asks_and_results_are_rejected(journal: Journal) -> None:
    journal.record_asks([("a", "genome of a")], generation=0)
    journal.record_tell(evaluation("a"))
    with pytest.raises(StorageError, match="UNIQUE"):
        journal.record_tell(evaluation("a"))
    with pytest.raises(StorageError, match="UNIQUE"):
        journal.record_asks([("b", ""), ("a", "")], generation=1)
    assert journal.events() == [Asked("a", 0), Told(evaluation("a"))]  # nothing of the failed ask
    journal.close()


def test_nan_is_never_written(journal: Journal) -> None:
    journal.record_asks([("a", "")], generation=0)
    bad = Evaluation("a", "", {"acc": float("nan")}, {}, (), 1, 0.0, 0)
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.record_tell(bad)
    assert journal.evaluations() == []
    journal.close()


def test_findings_are_read_back_by_kind_and_recorded_once(
    journal: Journal, tmp_path: Path
) -> None:
    journal.record_asks([("a", ""), ("b", "")], generation=0)
    found = [
        Finding("control", "b", "all bp", 1, {"values": {"acc": 0.1 + 0.2}, "failure": None}),
        Finding("control", "a", "all fa", 2, {}),
        Finding("control", "a", "all fa", 1, {"flags": ["x"]}),
        Finding("audit", "a", "all fa", 1, {}),  # differs only in its kind
    ]
    for one in found:
        journal.record_finding(one)
    with pytest.raises(StorageError, match="UNIQUE"):
        journal.record_finding(found[0])
    with pytest.raises(ValueError, match="not JSON compliant"):
        journal.record_finding(replace(found[0], name="nan", body={"acc": float("nan")}))
    journal.close()
    again = open_journal(tmp_path)
    assert again.findings("control") == [found[2], found[1], found[0]]
    assert again.findings("audit") == [found[3]]
    assert again.findings("attack") == []
    assert again.events() == [Asked("a", 0), Asked("b", 0)]  # findings are no events of the search
    again.close()


@pytest.mark.parametrize(
    "damage", ["missing", "empty", "garbage", "truncated", "foreign", "future"]
)
def test_damaged_journal_raises_and_is_not_modified(
    journal: Journal, tmp_path: Path, damage: str
) -> None:
    path = tmp_path / JOURNAL_FILE
    journal.record_asks([(f"{n:05}", "x" * 200) for n in range(500)], generation=0)
    journal.close()
    if damage == "missing":
        path.unlink()
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "garbage":
        path.write_bytes(b"not a database" * 100)
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        pragma = "application_id" if damage == "foreign" else "user_version"
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA {pragma} = 77")
        connection.close()
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StorageError, match=str(path)):
        open_journal(tmp_path)
    assert (path.read_bytes() if path.exists() else None) == before


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_journal import evaluation
from evonas.study.journal.opening import open_journal
journal = open_journal(Path({folder!r}), is_written=True)
journal.record_asks([(str(n), "") for n in range(100_000)], generation=0)
print("ready", flush=True)
for n in range(100_000):
    journal.record_tell(evaluation(str(n)))
    print(n, flush=True)
"""


def test_acknowledged_results_survive_sigkill(journal: Journal, tmp_path: Path) -> None:
    journal.close()
    script = WRITER.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    log = tmp_path / "log"
    with log.open("w") as output:
        writer = subprocess.Popen([sys.executable, "-c", script], stdout=output)
        deadline = time.monotonic() + 120
        while len(log.read_text().split()) < 50 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    acknowledged = log.read_text().splitlines()[1:-1]  # the last line may be torn
    assert len(acknowledged) >= 40
    again = open_journal(tmp_path)
    assert {one.key for one in again.evaluations()} >= set(acknowledged)
    again.close()


def test_locked_journal_is_awaited_or_left_unchanged(journal: Journal, tmp_path: Path) -> None:
    journal.record_asks([("a", ""), ("b", "")], generation=0)
    other = sqlite3.connect(tmp_path / JOURNAL_FILE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    end = threading.Timer(1.0, other.execute, ["COMMIT"])
    began = time.monotonic()
    end.start()
    journal.record_tell(evaluation("a"))
    assert time.monotonic() - began > 0.5
    end.join()
    other.execute("BEGIN IMMEDIATE")
    journal._connection.execute("PRAGMA busy_timeout = 50")  # instead of half a minute
    with pytest.raises(StorageError, match="locked"):
        journal.record_tell(evaluation("b"))
    other.execute("COMMIT")
    other.close()
    journal.close()
    again = open_journal(tmp_path)
    assert [each.key for each in again.evaluations()] == ["a"]
    again.close()
