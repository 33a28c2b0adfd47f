"""Fuzzed commands about a run end with a documented exit code."""

import random
import shutil
from pathlib import Path

import pytest
from cyclopts import App
from hypothesis import given

import evonas.api.analysing as analysing
import evonas.api.attacking as attacking
import evonas.api.export.exporting as exporting
import evonas.api.final.training as final_training
import evonas.api.running as running
from evonas.cli import main
from evonas.cli.app import make_app
from evonas.evaluation.final.recipe import recipe_names
from evonas.space import source_text
from evonas.study.controls import training as controls
from evonas.study.results.candidate import front
from evonas.study.results.reading import read_run
from tests.fuzz.inputs import ODD, begins, broken, fuzzed, in_bounded_time, seeds, sit_at

COMMANDS = (
    "init", "confirm", "front", "show", "report", "plot", "table", "attack", "ablate", "analyse",
    "train", "export", "predict", "reproduce", "status", "ls", "log", "verify", "repair", "backup",
    "recipes", "data check", "spaces show", "spaces check", "rules show",
)  # fmt: skip
ARGUMENTS = {
    "show": ("run", "KEY"), "attack": ("run", "KEY"), "ablate": ("run", "KEY"),
    "train": ("run", "KEY"), "export": ("run", "KEY"), "predict": ("MODEL", "picture.png"),
    "log": ("run", "KEY"), "reproduce": ("bionas", "."), "backup": ("run", "copy"),
    "init": ("new",),
    "data check": (".",), "recipes": (), "ls": (".",), "spaces show": ("space.yaml",),
    "spaces check": ("space.yaml", "--no-train"), "rules show": ("fa",),
}  # fmt: skip
EXIT_CODES = {0, 2, 3}
"""Success; invalid input; damaged files of evonas, or a system error."""


def names_of(command: str) -> list[str]:
    """Names of the options of a command."""
    app: App = make_app()
    for word in command.split():
        app = app[word]
    found = app.assemble_argument_collection()
    return sorted({name for each in found for name in each.names if name.startswith("--")})


OPTIONS = {command: names_of(command) for command in COMMANDS}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, finished: Path) -> Path:
    """A folder with a run, one of its models, an image and a space."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(finished, folder / "run")
    Image.new("L", (8, 8), 128).save(folder / "picture.png")
    (folder / "space.yaml").write_text(source_text("tiny"))
    (folder / "recipe.yaml").write_text("description: short\nepochs: 1\nbatch: 4\n")
    return folder


@pytest.fixture(autouse=True)
def _nothing_long_is_started(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and attacks exit where they would begin."""
    sit_at(desk, monkeypatch)
    monkeypatch.setattr(final_training, "train_and_write", begins)
    monkeypatch.setattr(attacking, "attack_and_write", begins)
    monkeypatch.setattr(controls._Trainer, "train", begins)
    monkeypatch.setattr(running, "executor_of", begins)
    monkeypatch.setattr(exporting, "export", begins)
    monkeypatch.setattr(analysing, "analyse", begins)


def line(rng: random.Random, values: list[str]) -> list[str]:
    command = rng.choice(COMMANDS)
    words = command.split()
    if rng.random() < 0.9:
        words += ARGUMENTS.get(command, ("run",))
    for _ in range(rng.randrange(4)):
        if rng.random() < 0.85:
            words.append(rng.choice([*OPTIONS[command], "--nothing"]))
        value = rng.choice(values if rng.random() < 0.6 else ODD)
        words.append(broken(value, rng=rng) if rng.random() < 0.1 else value)
    return words


@fuzzed
@given(seed=seeds)
def test_command_line_about_a_run_ends_with_documented_exit_code(
    seed: int, desk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run = read_run(desk / "run")
    key = front(run.candidates, run.settings.problem.objectives)[0].key
    model = f"run/models/{key}.safetensors"
    values = [
        key, key[:4], model, "run", "space.yaml", "recipe.yaml", "picture.png", "copy", ".",
        "onnx", "python", "safetensors", "latex", "csv", "svg", "png", "cells", "controls",
        "rules",
        "hypervolume", "1", "2", "3", "0.1", "8/255", "digits", "fa", "bp", "fa,usf", "resnet20",
        "vgg8b", "cpu", "cuda", "test", "validation", "enrichment", "effects", "new", "out.html",
        *recipe_names(),
    ]  # fmt: skip
    places = {"KEY": key, "MODEL": model}
    arguments = [places.get(w, w) for w in line(random.Random(seed), values)]
    # the operating system cannot pass other characters
    arguments = [word.replace("\x00", "").replace("\ud800", "") for word in arguments]
    with in_bounded_time(arguments), pytest.raises(SystemExit) as left:
        main(arguments)
    printed = capfd.readouterr()
    assert left.value.code in EXIT_CODES, (arguments, printed.err)
    assert "Traceback" not in printed.err, arguments
    if left.value.code == 2:
        assert "evonas: " in printed.err, arguments
        assert printed.err.strip() != "evonas:", arguments
