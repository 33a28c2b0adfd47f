"""The maintenance commands of a run: real processes, signals and a read-only disk."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evonas.evaluation.architectures.named import NamedArchitecture
from evonas.evaluation.final.recipe import load_recipe
from evonas.evaluation.record import Evaluation
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.final.job import FinalJob
from evonas.study.folder import opened_run
from tests.journals import count
from tests.small_run import SMALL_RUN, changed

pytestmark = pytest.mark.system

Call = Callable[..., str]
SETTINGS = changed(
    SMALL_RUN, space="tiny", rules=("fa",), population=2, generations=2, evaluations=4, batch=20,
    images=60,
)  # fmt: skip
PATIENCE_SECONDS = 120


def begin(folder: Path, *told: Evaluation) -> Path:
    create_run(folder, SETTINGS, space_text=source_text("tiny"))
    with opened_run(folder) as (_, journal):
        journal.record_asks([(e.key, e.genome) for e in told], generation=0)
        for evaluation in told:
            journal.record_tell(evaluation)
    return folder


def told(key: str, acc: float) -> Evaluation:
    values = {"acc": acc, "params": 1000.0, "flops": 2000.0, "bio": 1.0}
    return Evaluation(key, "genome", values, {"fa": 75}, (), 1, 0.5, 7)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return begin(tmp_path / "runs" / "one", told("aaaa", 0.25), told("bbbb", 0.5))


def test_status_survives_files_that_vanish_meanwhile(
    folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = json.loads(call("status", str(folder), "--json"))["size_bytes"]
    vanished, glob, is_file = folder / "progress.json.tmp", Path.rglob, Path.is_file
    monkeypatch.setattr(Path, "rglob", lambda path, pattern: [vanished, *glob(path, pattern)])
    monkeypatch.setattr(Path, "is_file", lambda path: path == vanished or is_file(path))
    assert json.loads(call("status", str(folder), "--json"))["size_bytes"] == size


def test_ls_leaves_out_a_run_that_was_killed_while_it_was_created(
    folder: Path, call: Call
) -> None:
    shutil.copytree(folder, folder.parent / f".{folder.name}.x1y2")
    assert [run["folder"] for run in json.loads(call("ls", str(folder.parent), "--json"))] == [
        str(folder)
    ]


def test_final_training_is_not_a_run(folder: Path, call: Call) -> None:
    job = FinalJob(
        architecture=NamedArchitecture("resnet20", ("usf",)), dataset="digits", train_sha256=None,
        split_seed=0, precision="fp32", recipe=load_recipe("short"),
    )  # fmt: skip
    final = folder.parent / "final-resnet20-usf"
    final.mkdir()
    job.write(final, versions={}, data_dir="data", images="")
    damaged = folder.parent / "two"
    damaged.mkdir()
    (damaged / "config.yaml").write_text("a: b")
    listed = json.loads(call("ls", str(folder.parent), "--json"))
    assert [Path(run["folder"]) for run in listed] == [folder, damaged]
    assert "no runs" in call("ls", str(final))
    for command in ("status", "front", "resume", "verify"):
        assert "found a training of evonas train" in call(command, str(final), code=2)


def test_log_lists_all_journal_entries_of_a_candidate(folder: Path, call: Call) -> None:
    whole = call("log", str(folder)).splitlines()
    assert len(whole) == count(folder, "began") + count(folder, "asked") + count(folder, "told")
    mine = call("log", str(folder), "a").splitlines()
    assert mine == [line for line in whole if "aaaa" in line]
    assert mine[0] == "2 aaaa asked generation 1, genome"
    assert mine[1].startswith(
        "4 aaaa trained training 1, 1 epochs in 0.5 s, acc 0.25, params 1000"
    )
    documents = [json.loads(line) for line in call("log", str(folder), "--json").splitlines()]
    (trained,) = [d for d in documents if (d["key"], d["event"]) == ("bbbb", "trained")]
    assert trained["document"]["values"]["acc"] == 0.5
    assert "there is none" in call("log", str(folder), "z", code=2)


def test_ls_and_status_report_state_progress_and_best(
    folder: Path, tmp_path: Path, call: Call
) -> None:
    other = begin(tmp_path / "runs" / "other", *(told(key, 0.75) for key in "abcd"))
    broken = begin(tmp_path / "runs" / "the third", told("a", 0.5))
    (broken / "study.db").write_bytes(b"no database" * 100)
    lines = call("ls", str(tmp_path / "runs")).splitlines()[1:]
    said = {line.strip().partition("  ")[0]: " ".join(line.split()) for line in lines}
    assert "one interrupted 2/4 1 acc 0.5000, params 1,000" in said["one"]
    assert "other ended 4/4" in said["other"]
    assert "the third damaged 0/?" in said["the third"]
    status = call("status", str(folder))
    assert "interrupted: 2 of 4 trainings" in status
    assert "1 of 2 candidates on the front; best acc 0.5000, params 1,000" in status
    assert "ended: 4 of 4" in call("status", str(other))
    assert "damaged: " in call("status", str(broken))
    assert "no runs" in call("ls", str(tmp_path / "nowhere"))
    assert "found no config.yaml" in call("status", str(tmp_path), code=2)


@pytest.fixture
def finished(tmp_path: Path, call: Call) -> Path:
    call(
        "run", "--space", "tiny", "--objectives", "acc,params", "--population", "2",
        "--generations", "2", "--epochs", "1", "--images", "60", "--batch", "20", "--channels",
        "4", "--workers", "1", "--confirm", "0", "--quiet", "--out", str(tmp_path / "finished"),
    )  # fmt: skip
    return tmp_path / "finished"


def test_verify_exits_with_3_on_damage_and_repair_fixes(finished: Path, call: Call) -> None:
    folder = finished
    assert "no damage found" in call("verify", str(folder))
    (folder / "pareto.csv").unlink()
    assert f"{folder / 'pareto.csv'}: missing" in out_of_three("verify", str(folder))
    assert "pareto.csv: rewritten" in call("repair", str(folder))
    assert "no damage found" in call("verify", str(folder))
    with sqlite3.connect(folder / "study.db") as connection:
        connection.execute(
            "UPDATE entry SET body = replace(body, 'loss', 'lost') WHERE position = 4"
        )
    connection.close()
    assert "entry 4 of 10 does not match its hash" in out_of_three("verify", str(folder))
    assert "evonas repair" in call("front", str(folder), code=3)
    assert "rebuilt from 9 intact entries" in call("repair", str(folder))
    assert "nothing to repair" in call("repair", str(folder))
    assert "found no config.yaml" in call("verify", str(folder.parent), code=2)


def out_of_three(*arguments: str) -> str:
    """Standard output of a command that must end with exit code 3."""
    found = subprocess.run(
        [sys.executable, "-m", "evonas", *arguments], capture_output=True, text=True, check=False
    )
    assert found.returncode == 3
    assert not found.stderr
    return found.stdout


def test_status_and_backup_work_on_a_running_search(tmp_path: Path, call: Call) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen([
        sys.executable, "-m", "evonas", "run", "--space", "tiny", "--objectives", "acc,params",
        "--population", "4", "--evaluations", "400", "--epochs", "1", "--images", "100",
        "--batch", "25", "--channels", "4", "--workers", "1", "--quiet", "--out", str(folder),
    ])  # fmt: skip
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while count(folder, "told") < 6:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        status = call("status", str(folder))
        assert "running: " in status
        assert "of 400 trainings" in status
        assert "the search ends in about" in status
        call("backup", str(folder), str(tmp_path / "copy"))
        assert "another process is working" in call("resume", str(folder), code=2)
        assert process.poll() is None
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert "interrupted: " in call("status", str(folder))
    assert "interrupted: " in call("status", str(tmp_path / "copy"))
    assert count(tmp_path / "copy", "told") >= 6
    assert (tmp_path / "copy" / "config.yaml").read_text() == (folder / "config.yaml").read_text()


@pytest.fixture
def read_only(finished: Path) -> Iterator[Path]:
    """The run on a disk that nobody can write to, not even root."""
    folder = finished
    (folder / "front.png").unlink()
    mounted = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("cannot mount a folder read-only")
    subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_run_on_read_only_disk_can_be_inspected(
    read_only: Path, tmp_path: Path, call: Call
) -> None:
    assert "no picture: " in call("front", str(read_only))
    assert "ended: 4 of 4" in call("status", str(read_only))
    assert "finished" in call("ls", str(read_only.parent))
    assert "no damage found" in call("verify", str(read_only))
    assert "cannot be written: Read-only" in call("resume", str(read_only), code=2)
    call("backup", str(read_only), str(tmp_path / "copy"))
    call("compare", str(read_only), str(tmp_path / "copy"), "--out", str(tmp_path / "compared"))
    assert "no picture" not in call("front", str(tmp_path / "copy"))
