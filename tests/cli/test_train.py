"""``evonas train`` as a user types it: its files, a kill in mid-training, rejected input."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

import evonas
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.loading import load_test
from evonas.study.final import run as module

pytestmark = pytest.mark.system

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf,fa", "--population",
    "2", "--generations", "1", "--epochs", "1", "--images", "60", "--batch", "20", "--channels",
    "4", "--workers", "1", "--confirm", "0", "--quiet",
]  # fmt: skip
TRAIN = ["--recipe", "short", "--epochs", "3", "--batch", "200"]
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evonas.cli import main

    out = tmp_path_factory.mktemp("train") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return out


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    return str(evonas.load_study(folder).front.index[0])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


GENOME = "|conv_3x3~0|+|skip~0|+|skip~1| @ kp*2"


def test_final_training_writes_tested_loadable_models(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    out = tmp_path / "final"
    command = ["train", str(folder), key[:8], *TRAIN, "--seeds", "2", "--out", str(out)]
    printed = call(*command)
    assert "on digits: 4 channels, 1 cell a stage, 3 epochs, batch size 200, 2 seeds" in printed
    assert "seed 1, epoch 3/3" in printed
    assert "over 2 seeds" in printed
    table = rows(out / "seeds.csv")
    for row in table:
        home = out / f"seed-{row['seed']}"
        model = (home / "model.safetensors").read_bytes()
        assert row["model_sha256"] == hashlib.sha256(model).hexdigest()
        curve = rows(home / "curve.csv")
        best = max(curve, key=lambda each: float(each["validation"]))
        assert (best["epoch"], best["validation"]) == (row["best_epoch"], row["validation"])
        network = evonas.load_network(home / "model.safetensors")
        test = load_test("digits")
        hits = (network(test.pixels / 255).argmax(1) == test.labels).sum().item()
        assert hits / len(test) == pytest.approx(float(row["test"]))
    assert imread(out / "curve.png").shape[2] == 4
    again = call(*command)
    assert "epoch 1/3" not in again  # a finished training is only read
    assert rows(out / "seeds.csv") == table


def test_trained_model_is_attacked_on_test_part_only(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    call("train", str(folder), key, *TRAIN, "--quiet", "--out", str(tmp_path))
    model = tmp_path / "seed-0" / "model.safetensors"
    command = ["attack", str(model), "--dataset", "digits", "--images", "10", "--epsilon", "1/255"]
    assert "--part test" in call(*command, code=2)
    assert "worst case" in call(*command, "--part", "test")
    told = call(*command, "--part", "test", "--image-size", "12", code=2)
    assert "expected images of shape (1, 8, 8), those of 'digits' have (1, 12, 12)" in told


def test_train_function_matches_train_command(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    call("train", str(folder), key, *TRAIN, "--quiet", "--out", str(tmp_path / "one"))
    report = evonas.train(
        space="tiny", genome=evonas.load_study(folder).find(key).genome, dataset="digits",
        channels=4, rules=["usf", "fa"], recipe="short", epochs=3, batch=200,
        out=tmp_path / "two", progress=False,
    )  # fmt: skip
    (one,) = rows(tmp_path / "one" / "seeds.csv")
    assert report.results[0].model_sha256 == one["model_sha256"]
    assert report.test == (report.results[0].test, None)
    assert report.load()(torch.rand(2, 1, 8, 8)).shape == (2, 10)
    assert len(report.curve) == 3


def test_named_network_is_trained_attacked_exported_and_loaded(
    call: Callable[..., str], tmp_path: Path
) -> None:
    call(
        "train", "--network", "fast-cifar10", "--rule", "kp", "--dataset", "digits",
        "--image-size", "9", "--epochs", "3", "--batch", "200", "--learning-rate", "0.02",
        "--quiet", "--out", str(tmp_path / "out"),
    )  # fmt: skip
    (row,) = rows(tmp_path / "out" / "seeds.csv")
    assert (row["views"], float(row["bio"])) == ("flips and shifts", 1.0)
    model = tmp_path / "out" / "seed-0" / "model.safetensors"
    network, test = evonas.load_network(model), load_test("digits", fitting=Fitting(size=9))
    with torch.no_grad():
        hits = (network(test.pixels / 255).argmax(1) == test.labels).float().mean().item()
    assert hits == pytest.approx(float(row["test_one_view"]))
    attacked = call(
        "attack", str(model), "--dataset", "digits", "--part", "test", "--image-size", "9",
        "--images", "10", "--epsilon", "1/255",
    )  # fmt: skip
    assert "worst case" in attacked
    exported = evonas.export(model, format="pt2", out=tmp_path / "model.pt2")
    assert exported.exists()  # export has compared its logits with those of the network
    assert evonas.predict(model, []) == []


def test_images_are_resized_to_requested_size(folder: Path, key: str, tmp_path: Path) -> None:
    report = evonas.train(
        folder, key, recipe="short", epochs=3, batch=200, image_size=12, out=tmp_path / "out",
        progress=False,
    )  # fmt: skip
    network = report.load()
    test = load_test("digits", fitting=Fitting(size=12))
    hits = (network(test.pixels / 255).argmax(1) == test.labels).sum().item()
    assert report.results[0].test == pytest.approx(hits / len(test))
    assert "size: 12" in (tmp_path / "out" / "config.yaml").read_text()


@pytest.mark.system
def test_killed_final_training_resumes_to_the_same_numbers(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    arguments = ["train", str(folder), key, "--recipe", "short", "--epochs", "12", "--quiet"]
    call(*arguments, "--out", str(whole))
    code = (
        "from evonas.study.final import run; run.CHECKPOINT_SECONDS = 0.0; "
        "from evonas.cli import main; import sys; main(sys.argv[1:])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, "--out", str(killed)], start_new_session=True
    )
    checkpoint = killed / "seed-0" / module.CHECKPOINT_FILE
    end = time.monotonic() + PATIENCE_SECONDS
    while not checkpoint.exists():
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (killed / "seed-0" / "result.json").exists()
    call(*arguments, "--out", str(killed))
    for name in ("seeds.csv", "seed-0/curve.csv"):
        assert rows(killed / name) == rows(whole / name)
    models = [(each / "seed-0" / "model.safetensors").read_bytes() for each in (whole, killed)]
    assert models[0] == models[1]
    assert not checkpoint.exists()


def test_damaged_checkpoint_warns_and_gives_same_result(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    arguments = ["train", str(folder), key, *TRAIN, "--quiet"]
    call(*arguments, "--out", str(tmp_path / "whole"))
    home = tmp_path / "damaged" / "seed-0"
    home.mkdir(parents=True)
    (home / module.CHECKPOINT_FILE).write_bytes(b"0" * 64 + b"\nnothing")
    with pytest.warns(UserWarning, match="checkpoint is damaged"):
        report = evonas.train(
            folder, key, recipe="short", epochs=3, batch=200, out=tmp_path / "damaged",
            progress=False,
        )  # fmt: skip
    (expected,) = rows(tmp_path / "whole" / "seeds.csv")
    assert report.results[0].model_sha256 == expected["model_sha256"]


def test_different_training_in_same_folder_is_rejected(
    folder: Path, key: str, call: Callable[..., str], tmp_path: Path
) -> None:
    out = str(tmp_path / "out")
    call("train", str(folder), key, *TRAIN, "--quiet", "--out", out)
    told = call(
        "train", str(folder), key, "--recipe", "short", "--epochs", "4", "--out", out, code=2
    )
    assert "recipe.epochs 3 there, 4 asked for" in told
    result = tmp_path / "out" / "seed-0" / "result.json"
    result.write_text(json.dumps({"seed": 0}))
    told = call("train", str(folder), key, *TRAIN, "--out", out, code=3)
    assert "result.json: damaged" in told


def test_refused_training_does_not_occupy_its_folder(
    call: Callable[..., str], tmp_path: Path
) -> None:
    recipe, out = tmp_path / "mine.yaml", tmp_path / "out"
    given = ["train", "--space", "tiny", "--genome", GENOME, "--dataset", "digits", "--quiet",
             "--recipe", str(recipe), "--out", str(out)]  # fmt: skip
    text = "description: mine\nepochs: 1\nbatch: 256\nlearning_rate: 0.1\nweight_decay: "
    recipe.write_text(text + "0\n")
    assert "expected weight_decay > 0" in call(*given, code=2)
    assert not out.exists()
    recipe.write_text(text + "0.001\n")
    call(*given)
    assert (out / "seeds.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "or --network and --rule, got none of them"),
        (["RUN", "KEY", "--network", "resnet20"], "got a run and --network"),
        (["RUN", "KEY", "--rule", "usf"], "rule: only for --network"),
        (["--network", "resnet21", "--rule", "usf"], "did you mean 'resnet20'"),
        (["--network", "resnet20"], "rule: expected one for the network resnet20"),
        (["--network", "resnet20", "--rule", "usf"], "dataset: expected one for the network"),
        (["--network", "resnet20", "--rule", "ufs", "--dataset", "digits"], "unknown rule 'ufs'"),
        (
            ["--network", "resnet20", "--rule", "usf,kp", "--dataset", "digits"],
            "or one for each of its 20 layers with weights, got 2",
        ),
        (
            ["--network", "resnet20", "--rule", "local(alpha=1)", "--dataset", "digits"],
            "expected options such as local(option=0.5)",
        ),
        (
            ["--network", "fast-cifar10", "--rule", "kp", "--dataset", "digits"],
            "expected images of at least 9 pixels a side",
        ),
        (["--space", "tiny", "--genome", "x"], "dataset: expected one with the genome"),
        (["RUN"], "expected the key of a candidate"),
        (["RUN", "nokey"], "nokey"),
        (["RUN", "KEY", "--recipe", "shrt"], "did you mean 'short'"),
        (["RUN", "KEY", "--epochs", "0"], "epochs: expected at least 1, got 0"),
        (["RUN", "KEY", "--space", "darts"], "space: only for --genome"),
        (
            ["RUN", "KEY", "--channels", "0"],
            "channels: expected a whole number of at least 1",
        ),
        (["RUN", "KEY", "--cells", "0"], "cells: expected a whole number of at least 1, got 0"),
        (["RUN", "KEY", "--learning-rate", "nan"], "learning_rate: expected a finite number"),
        (
            ["RUN", "KEY", "--split-seed", "-1"],
            "split_seed: expected a whole number",
        ),
        (["RUN", "KEY", "--processes", "0"], "processes: expected a whole number of at least 1"),
        (["RUN", "KEY", "--seeds", "0"], "seeds: expected at least 1, got 0"),
        (["RUN", "KEY", "--device", "cuda:99"], "cuda"),
        (["RUN", "KEY", "--device", "auto"], "expected cpu, cuda or cuda:<number> here, got auto"),
        (["RUN", "KEY", "--device", "all"], "expected cpu, cuda or cuda:<number> here, got all"),
        (["RUN", "KEY", "--precision", "tf32"], "arithmetic of CUDA devices"),
        (
            ["RUN", "KEY", "--image-size", "1"],
            "image_size: expected a whole number of at least 4",
        ),
        (["RUN", "KEY", "--batch", "100000"], "choose a smaller batch"),
        (["RUN", "KEY", "--dataset", "mnits"], "mnits"),
    ],
)
def test_invalid_arguments_are_one_line_messages(
    folder: Path, key: str, call: Callable[..., str], arguments: list[str], message: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    given = [{"RUN": str(folder), "KEY": key}.get(each, each) for each in arguments]
    told = call("train", *given, "--out", str(tmp_path / "out"), code=2)
    assert message in told
    assert told.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_recipes_are_listed(call: Callable[..., str]) -> None:
    printed = call("recipes")
    assert all(name in printed for name in ("darts", "nas-bench-201", "short"))
