"""Objectives in real runs; the oracle of a user's objective is its function, called directly."""

import csv
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import yaml

import evonas
from evonas.evaluation.data.loading import load_search_data
from tests.study.test_killed import evonas as command
from tests.study.test_killed import kill_when, rows

pytestmark = pytest.mark.system

Call = Callable[..., str]

SMALL = [
    "--space", "tiny", "--rules", "fa,usf", "--population", "3", "--epochs", "1", "--images",
    "100", "--batch", "25", "--channels", "4", "--cells", "1", "--replicates", "1",
    "--attacked-images", "40",
]  # fmt: skip
NEW = ("energy", "energy_training", "latency", "ece", "corruption")
MODULE = '''
"""Objectives of a user."""

import evonas


@evonas.objective(direction="maximise", unit="fraction", error="images", worst=0.0, best=1.0)
def confident(subject):
    """Share of the images with a probability above a half."""
    logits = subject.network(subject.validation.pixels / 255)
    return (logits.softmax(1).amax(1) > 0.2).double().mean()


@evonas.objective(direction="minimise", unit="layers", cost="free")
def depth(subject):
    """Layers with weights."""
    return len(evonas.rules.rule_layers(subject.network))


@evonas.objective(direction="maximise", unit="x")
def picky(subject):
    """Of every other network."""
    if int(subject.network.classifier.weight.sum() * 1e6) % 2:
        raise RuntimeError("not this one")
    return float("nan")
'''


def table(folder: Path, name: str = "pareto.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder; it holds the module ``gains`` and is not on ``sys.path``."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "gains.py").write_text(MODULE)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield folder
    sys.modules.pop("gains", None)
    evonas.evaluation.objectives.OBJECTIVES.forget()


def test_built_in_objectives_work_through_a_whole_run(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    out = tmp_path / "run"
    bounds = ["energy<=1M", "energy_training<=1M", "latency<=1M", "ece<=1", "corruption>=0"]
    constraints = [part for bound in bounds for part in ("--constraint", bound)]
    call(
        "run", *SMALL, "--objectives", ",".join(("acc", *NEW)), "--generations", "1",
        "--workers", "1", "--confirm", "2", "--quiet", "--out", str(out), *constraints,
    )  # fmt: skip
    found = table(out)
    assert found
    for row in found:
        for name in NEW:
            assert math.isfinite(float(row[name]))
        # one training gives no training noise, but repeated latency measurements have an error
        assert float(row["latency_se"]) >= 0.0
        assert row["ece_se"] == row["corruption_se"] == row["energy_se"] == ""
        for name in ("ece", "corruption"):
            for column in (f"confirmed_{name}", f"test_{name}"):
                assert 0.0 <= float(row[column]) <= 1.0
                assert float(row[f"{column}_se"]) > 0.0
        assert float(row["confirmed_latency"]) > 0.0
        assert "test_latency" not in row  # latency uses no images
        assert "confirmed_energy" not in row  # energy uses neither images nor training
    assert all(name in call("front", str(out)) for name in NEW)
    shown = call("show", str(out), found[0]["key"])
    assert "microjoules" in shown
    assert "milliseconds" in shown
    # latency never repeats exactly; weights can be recreated nevertheless
    shutil.rmtree(out / "models")
    call("resume", str(out), "--quiet")
    assert len(list((out / "models").glob("*.safetensors"))) >= len(found)


def test_user_objective_survives_kill_and_change_of_directory(
    call: Call, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    own = [
        "run", *SMALL, "--objectives", "acc", "--objective", "gains:confident", "--constraint",
        "gains:depth<=100", "--generations", "2", "--confirm", "1", "--quiet",
    ]  # fmt: skip
    kill_when(killed, "told", command(*own, "--workers", "2", "--out", str(killed)))
    call(*own, "--workers", "1", "--out", str(whole))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    subprocess.run(command("resume", str(killed), "--workers", "1", "--quiet"), check=True)
    for name in ("pareto.csv", "candidates.csv"):
        assert rows(killed, name) == rows(whole, name)
    config = yaml.safe_load((killed / "config.yaml").read_text())
    assert config["problem"]["objectives"] == ["acc", "gains:confident"]
    assert config["sources"]["gains:confident"]["file"] == str(home / "gains.py")
    assert set(config["sources"]) == {"gains:confident", "gains:depth"}
    assert "gains:confident" in call("front", str(killed))
    row = table(whole)[0]
    assert float(row["test_gains:confident"]) >= 0.0
    # the value matches the function, called directly on the saved network
    study = evonas.load_study(whole)
    network = study.load(row["key"])
    validation = load_search_data("digits", seed=0, num_images=100).validation
    with torch.no_grad():
        sure = network(validation.pixels / 255).softmax(1).amax(1) > 0.2
    assert float(row["gains:confident"]) == pytest.approx(float(sure.double().mean()))


def test_resume_and_warm_start_reject_changed_objective_function(
    call: Call, home: Path, tmp_path: Path
) -> None:
    out, warm = tmp_path / "run", tmp_path / "warm"
    own = [
        "run", *SMALL, "--objective", "gains:depth", "--generations", "1", "--workers", "1",
        "--confirm", "0", "--quiet",
    ]  # fmt: skip
    call(*own, "--out", str(out))
    (home / "gains.py").write_text(MODULE + "\n# changed\n")
    told = call("resume", str(out), code=2)
    assert "objective 'gains:depth'" in told
    assert "is not the one that the run started with" in told
    told = call(*own, "--out", str(warm), "--warm-start", str(out), code=2)
    assert f"objective 'gains:depth': {home / 'gains.py'} was changed since" in told
    assert not warm.exists()
    assert "gains:depth" in call("front", str(out))  # reading is still allowed
    (home / "gains.py").unlink()
    sys.modules.pop("gains")
    evonas.evaluation.objectives.OBJECTIVES.forget()
    told = call("front", str(out), code=2)
    assert "no module 'gains'" in told
    assert told.count("\n") == 1


@pytest.mark.usefixtures("home")
def test_failing_objective_fails_only_the_candidate(call: Call, tmp_path: Path) -> None:
    out = tmp_path / "run"
    call(
        "run", *SMALL, "--objectives", "acc,gains:picky", "--generations", "2", "--workers", "1",
        "--confirm", "0", "--quiet", "--out", str(out),
    )  # fmt: skip
    reasons = {row["failure"] for row in table(out, "failures.csv")}
    assert reasons == {
        "objective: gains:picky: RuntimeError: not this one",
        "objective: gains:picky: expected a finite number, got nan",
    }


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere_at_all:gain", "no module 'nowhere_at_all'"),
        ("gains:gone", "has no 'gone'"),
        ("gains:MODULE", "has no 'MODULE'"),
        ("gains:evonas", "expected an evonas.Objective, got <module"),
        ("acuracy", "unknown objective 'acuracy'; did you mean"),
    ],
)
def test_unusable_objective_is_rejected_before_creating_folder(
    call: Call, tmp_path: Path, name: str, message: str
) -> None:
    out = tmp_path / "run"
    told = call("run", *SMALL, "--objectives", f"acc,{name}", "--out", str(out), code=2)
    assert message in told
    assert told.count("\n") == 1
    assert not out.exists()


def test_objectives_list_mentions_user_objectives(call: Call) -> None:
    told = call("objectives")
    assert "--objective module:function" in told
    for name in NEW:
        assert name in told
