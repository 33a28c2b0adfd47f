"""``evonas init``: the oracles are the defaults of the settings, jsonschema, and a run."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from evonas.api.starting.run_text import run_text
from evonas.api.starting.writing import CHOSEN, write_beginnings
from evonas.errors import ConfigError
from evonas.settings import SETTINGS, Settings
from evonas.settings.reading import read_settings
from evonas.space import load

Call = Callable[..., str]
SAID = re.compile(r"^(?:# )?(\w+): (?!  # by default)(.*)$", re.MULTILINE)
OPEN = re.compile(r"^# (\w+):   # by default: (.*)$", re.MULTILINE)


def test_commented_settings_are_the_defaults() -> None:
    text = run_text(CHOSEN, name="run.yaml")
    values = [(name, value) for name, value in SAID.findall(text) if name in SETTINGS]
    told = yaml.safe_load("\n".join(f"{name}: {value}" for name, value in values))
    assert read_settings(told) == read_settings(CHOSEN)
    assert len(values) + len(OPEN.findall(text)) == len(SETTINGS)


def test_every_setting_appears_once() -> None:
    text = run_text(CHOSEN, name="run.yaml")
    counts = {name: len(re.findall(rf"^(?:# )?{name}:(?: |$)", text, re.M)) for name in SETTINGS}
    assert [name for name, count in counts.items() if count != 1] == []
    for name, meaning in OPEN.findall(text):
        assert meaning == str(SETTINGS[name].default)


def test_chosen_values_round_trip() -> None:
    chosen = {"objectives": ("acc", "bio"), "download": True, "images": None, "epsilon": "1/255"}
    read = yaml.safe_load(run_text(chosen, name="x"))
    assert read_settings(read) == Settings().with_values(chosen)


def test_space_file_satisfies_its_schema_and_names_every_key(tmp_path: Path) -> None:
    space, _, schema = write_beginnings(tmp_path)
    text, described = space.read_text(), json.loads(schema.read_text())
    jsonschema.validate(yaml.safe_load(text), described)
    assert text.startswith(f"# yaml-language-server: $schema={schema.name}\n")
    assert [key for key in described["properties"] if f"{key}:" not in text] == []
    assert load(str(space)).size > 10**6


def test_initial_files_run_unchanged(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = call("init", str(tmp_path / "my search"))
    assert "cd '" in told
    assert told.endswith("evonas run --config run.yaml\n")
    monkeypatch.chdir(tmp_path / "my search")
    small = ("--evaluations", "2", "--population", "2", "--images", "60", "--epochs", "1")
    call("run", "--config", "run.yaml", *small, "--confirm", "0", "--workers", "1", "--quiet")
    assert (tmp_path / "my search/runs/my-space-digits-1/pareto.csv").exists()


def test_init_overwrites_no_file(tmp_path: Path, call: Call) -> None:
    (tmp_path / "space.yaml").write_text("mine")
    assert "space.yaml would be overwritten" in call("init", str(tmp_path), code=2)
    assert [path.name for path in tmp_path.iterdir()] == ["space.yaml"]
    with pytest.raises(ConfigError, match="expected a folder, got a file"):
        write_beginnings(tmp_path / "space.yaml")


def test_spaces_check_no_train_only_validates(tmp_path: Path, call: Call) -> None:
    space = write_beginnings(tmp_path)[0]
    printed = call("spaces", "check", str(space), "--no-train")
    assert "is valid" in printed
    assert "network" not in printed
