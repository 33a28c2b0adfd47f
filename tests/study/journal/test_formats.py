"""Runs of old versions: journals written by literal SQL, and settings added later."""

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from evonas.errors import StorageError
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.study.config import CONFIG_FILE, config_text, read_config, read_given
from evonas.study.journal.database import FORMAT
from evonas.study.journal.events import Asked, Promoted, Told
from evonas.study.journal.findings import Finding
from evonas.study.journal.opening import open_journal
from tests.small_run import SMALL_RUN, changed

FORMAT_3 = """
CREATE TABLE study (digest TEXT NOT NULL) STRICT;
CREATE TABLE ask (position INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE, genome TEXT NOT NULL) STRICT;
CREATE TABLE promotion (position INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES ask (key),
    epochs INTEGER NOT NULL, UNIQUE (key, epochs)) STRICT;
CREATE TABLE tell (position INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES ask (key),
    epochs INTEGER NOT NULL, failure TEXT, record TEXT NOT NULL, UNIQUE (key, epochs)) STRICT;
"""
CONFIRMATION = """
CREATE TABLE confirmation (position INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES ask (key),
    replicate INTEGER NOT NULL, failure TEXT, record TEXT NOT NULL, UNIQUE (key, replicate))
    STRICT;
"""
FORMAT_5 = """
CREATE TABLE study (digest TEXT NOT NULL) STRICT;
CREATE TABLE ask (position INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
    key TEXT NOT NULL UNIQUE, genome TEXT NOT NULL) STRICT;
CREATE TABLE promotion (position INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES ask (key),
    epochs INTEGER NOT NULL, UNIQUE (key, epochs)) STRICT;
CREATE TABLE replicate (position INTEGER PRIMARY KEY, generation INTEGER NOT NULL,
    key TEXT NOT NULL REFERENCES ask (key), replicate INTEGER NOT NULL, UNIQUE (key, replicate))
    STRICT;
CREATE TABLE tell (position INTEGER PRIMARY KEY, key TEXT NOT NULL REFERENCES ask (key),
    replicate INTEGER NOT NULL, epochs INTEGER NOT NULL, failure TEXT, record TEXT NOT NULL,
    UNIQUE (key, replicate, epochs)) STRICT;
"""
SCHEMAS = {3: FORMAT_3, 4: FORMAT_3 + CONFIRMATION, 5: FORMAT_5 + CONFIRMATION}


def record(key: str, epochs: int) -> Evaluation:
    return Evaluation(key, f"genome {key}", {"acc": 0.5}, {"fa": 1}, (1.0,), epochs, 1.0, 7)


def text(evaluation: Evaluation) -> str:
    """The record as written before there were replicates."""
    later = ("replicate", "test_values", "num_images", "learned")
    return json.dumps({k: v for k, v in asdict(evaluation).items() if k not in later})


@pytest.fixture(params=SCHEMAS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Two candidates, of which one was promoted."""
    connection = sqlite3.connect(tmp_path / "study.db")
    connection.executescript(SCHEMAS[request.param])
    connection.execute("PRAGMA application_id = 1702252115")
    connection.execute(f"PRAGMA user_version = {request.param}")
    connection.execute("INSERT INTO study VALUES ('digest')")
    connection.executemany(
        "INSERT INTO ask VALUES (?, 0, ?, ?)", [(1, "b", "genome b"), (2, "a", "genome a")]
    )
    tells = [(3, record("a", 1)), (4, record("b", 1)), (6, record("a", 3))]
    connection.executemany(
        "INSERT INTO tell (position, key, epochs, record) VALUES (?, ?, ?, ?)"
        if request.param < 5
        else "INSERT INTO tell (position, key, replicate, epochs, record) VALUES (?, ?, 0, ?, ?)",
        [(position, e.key, e.epochs, text(e)) for position, e in tells],
    )
    connection.execute("INSERT INTO promotion VALUES (5, 'a', 3)")
    connection.commit()
    connection.close()
    return tmp_path


EVENTS = [
    Asked("b", 0), Asked("a", 0), Told(record("a", 1)), Told(record("b", 1)), Promoted("a", 3),
    Told(record("a", 3)),
]  # fmt: skip


def test_old_journal_is_read_unchanged_and_migrated_for_writing(
    folder: Path,
) -> None:
    journal = open_journal(folder, is_written=True)
    assert journal.events() == EVENTS
    assert [e.epochs for e in journal.evaluations()] == [1, 3]  # of b and a, as asked
    assert journal.confirmations() == []
    assert journal.findings("control") == []
    assert journal.version < FORMAT
    journal.migrate()
    assert journal.version == FORMAT
    assert journal.events() == EVENTS
    again = Evaluation(**{**asdict(record("a", 3)), "replicate": 1, "losses": (1.0,)})
    journal.record_asks([], generation=1, repeated=[("a", 1)])
    journal.record_tell(again)
    journal.record_confirmation(again)
    assert [(e.key, e.replicate) for e in journal.evaluations()] == [("b", 0), ("a", 0), ("a", 1)]
    assert journal.confirmations() == [again]
    finding = Finding("control", "a", "all bp", 1, {"values": {"acc": 0.5}})
    journal.record_finding(finding)
    assert journal.findings("control") == [finding]
    journal.migrate()  # a second time it does nothing
    journal.close()


@pytest.mark.parametrize("statement", ["DROP TABLE ask", "CREATE TABLE entry", "INSERT", "PRAGMA"])
def test_interrupted_migration_leaves_journal_unchanged(folder: Path, statement: str) -> None:
    class Broken:
        """A connection that fails at one statement."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, sql: str) -> Any:
            self._fail_at(sql)
            return self._connection.execute(sql)

        def executemany(self, sql: str, rows: Any) -> Any:
            self._fail_at(sql)
            return self._connection.executemany(sql, rows)

        def _fail_at(self, sql: str) -> None:
            if sql.startswith(statement):
                raise sqlite3.OperationalError("disk is full")

    journal = open_journal(folder, is_written=True)
    before = journal.version
    journal._connection = Broken(journal._connection)  # type: ignore[assignment]
    with pytest.raises(StorageError, match="cannot be written: disk is full"):
        journal.migrate()
    journal.close()
    again = open_journal(folder)
    assert again.version == before
    assert again.events() == EVENTS
    again.close()


def old_text(settings: Settings) -> str:
    """A configuration as written before replicates and the split seed existed."""
    document = yaml.safe_load(config_text(settings, versions={"python": "3.11"}))
    for name in ("replicates", "confirm"):
        del document["search"][name]
    del document["training"]["split_seed"]
    return str(yaml.safe_dump(document))


def test_old_configuration_gets_defaults_of_its_time(
    tmp_path: Path,
) -> None:
    (tmp_path / CONFIG_FILE).write_text(old_text(changed(SMALL_RUN, seed=5)))
    settings = read_config(tmp_path)
    assert (settings.search.replicates, settings.search.confirm) == ("1", 0)
    assert settings.training.split_seed == 5


def test_user_configuration_gets_current_defaults(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("seed: 5\nreplicates: 3\n")
    assert read_given(path) == {"seed": 5, "replicates": 3}


def test_confirmation_seeds_differ_from_replicate_seeds() -> None:
    protocol = Protocol.of(SMALL_RUN)
    replicates = {protocol.candidate_seed("k", replicate=number) for number in range(50)}
    fresh = {
        protocol.candidate_seed("k", replicate=number, is_confirmation=True)
        for number in range(50)
    }
    assert len(replicates) == len(fresh) == 50
    assert not replicates & fresh
