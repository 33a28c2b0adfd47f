"""Names that lead outside, given by a user or written in a file: nothing outside is touched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file

import evonas
from evonas.errors import ConfigError, SpaceError, StorageError, UnknownNameError
from evonas.evaluation.model_file import ENTRY, _seal, read_model
from evonas.file_names import is_file_name, is_key
from evonas.space import from_data, load, source_text
from evonas.strict_yaml import parse_yaml
from evonas.study.journal.entry import Draft
from tests.finished_run import make_finished_run
from tests.journals import forge_all

Call = Callable[..., str]
LEADING_OUT = [
    "..", "../x", "../../x", "a/../../x", "/tmp/evonas-x", "a/b", "..\\x", "C:\\x", "\u2025/x",
    "\u2025", "\u2024\u2024", "\uff0e\uff0e\uff0fx", "x\x00y", "x\ny",
]  # fmt: skip
HARMLESS_ON_SOME = ["%2e%2e", "%2e%2e%2fx", "x ", "x.", " ", "", "CON", "nul.txt", "x" * 300]
NAMES = [*LEADING_OUT, *HARMLESS_ON_SOME]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_finished_run(tmp_path_factory.mktemp("original") / "run")


@pytest.fixture
def run(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run, three folders below ``tmp_path``; commands are called next to it."""
    place = tmp_path / "a" / "b" / "c"
    shutil.copytree(original, place / "run")
    monkeypatch.chdir(place)
    return place / "run"


def outside(run: Path) -> dict[str, bytes | None]:
    """Every file and folder around the run, and what is in it."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in run.parents[3].rglob("*")
        if run not in path.parents
    }


@pytest.mark.parametrize("name", NAMES)
def test_dangerous_name_is_neither_key_nor_file_name(name: str) -> None:
    assert not is_key(name)
    assert is_file_name(name) == name.startswith("%")  # no file system reads %2e as a dot


@pytest.mark.parametrize("name", ["run [1]", "a" * 64, "0f", "resnet20-fa", "é", "console", ".x"])
def test_ordinary_name_is_a_file_name(name: str) -> None:
    assert is_file_name(name)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CON"])
def test_space_with_escaping_name_is_rejected(name: str) -> None:
    """The name becomes part of a folder name, so CON is allowed: CON-digits-1 is harmless."""
    data = parse_yaml(source_text("tiny"), where="tiny") | {"name": name}
    with pytest.raises(SpaceError, match=r"\.name: expected a name of"):
        from_data(data, where="tiny")


@pytest.mark.parametrize("command", ["show", "export", "attack", "ablate", "train", "log"])
def test_command_with_escaping_key_is_rejected(run: Path, call: Call, command: str) -> None:
    before = outside(run)
    for name in NAMES:
        if "\x00" not in name and not name.startswith(" "):
            call(command, "run", name, code=2)
    assert outside(run) == before


@pytest.mark.parametrize("name", NAMES)
def test_journal_with_escaping_keys_is_rejected_before_writing(
    run: Path, call: Call, name: str
) -> None:
    """Its hashes are valid, as a forger would compute them, too."""
    key = str(evonas.load_study(run).candidates.index[0])

    def forged(drafts: list[Draft]) -> list[Draft]:
        old, new = json.dumps(key), json.dumps(name)
        return [Draft(d.kind, d.name.replace(old, new), d.body.replace(old, new)) for d in drafts]

    forge_all(run, forged)
    (run / "standings.json").unlink(missing_ok=True)
    before = {**outside(run), **{str(p): p.read_bytes() for p in run.rglob("*") if p.is_file()}}
    with pytest.raises(StorageError, match="key: expected one of a candidate"):
        evonas.load_study(run).candidates  # noqa: B018
    for command in ("front", "resume"):
        assert "key: expected one of a candidate" in call(command, "run", code=3)
    call("show", "run", key, code=3)
    after = {**outside(run), **{str(p): p.read_bytes() for p in run.rglob("*") if p.is_file()}}
    assert {path for path in after if after[path] != before.get(path)} <= {str(run / "lock")}


def forged_model(run: Path, path: Path, **changes: object) -> Path:
    """A model of the run with changed metadata and a valid hash."""
    weights, document = read_model(next((run / "models").iterdir()))
    document |= changes
    document["sha256"] = _seal(weights, document)
    save_file(weights, path, {ENTRY: json.dumps(document)})
    return path


@pytest.mark.parametrize("name", NAMES)
def test_model_with_escaping_key_is_rejected(run: Path, call: Call, name: str) -> None:
    forged_model(run, run / "forged.safetensors", key=name)
    before = outside(run)
    for suffix in ("safetensors", "python"):
        told = call("export", "run/forged.safetensors", "--format", suffix, code=3)
        assert "key: expected one of a network" in told
    assert outside(run) == before


def test_model_metadata_is_never_run_as_code(run: Path, call: Call) -> None:
    payload = '"""\nopen("sentinel", "w")\n"""'
    named = {"format": "evonas-model-2", "network": "resnet20", "rules": ["fa"], "key": "x"}
    forged_model(run, run / "forged.safetensors", genome=payload, **named)
    told = call("export", "run/forged.safetensors", "--format", "python", code=3)
    assert "genome: expected resnet20 @ fa" in told
    forged_model(run, run / "forged.safetensors", genome=payload)
    assert "genome" in call("export", "run/forged.safetensors", "--format", "python", code=2)
    classes = [payload, "../../x", "'); open('sentinel', 'w'); ('", "\\", "é"]
    forged_model(run, run / "named.safetensors", class_names=classes)
    call("export", "run/named.safetensors", "--format", "python", "--card", "--out", "net.py")
    script = "import net; print(net.CLASS_NAMES)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(run.parent), *sys.path])},
    )  # fmt: skip
    assert done.stdout.strip() == str(classes)
    assert not list(run.parents[3].rglob("sentinel"))


@pytest.mark.parametrize("name", LEADING_OUT)
def test_mirror_with_escaping_name_is_rejected(run: Path, name: str) -> None:
    pytest.importorskip("tensorboard")
    before = outside(run)
    with pytest.raises(ConfigError, match="expected a valid folder name"):
        evonas.mirror(run, tensorboard=run.parent / "logs", name=name)
    assert outside(run) == before


@pytest.mark.parametrize("name", LEADING_OUT)
def test_escaping_names_find_no_space_or_recipe(run: Path, name: str) -> None:
    before = outside(run)
    with pytest.raises(UnknownNameError):
        load(name)
    with pytest.raises(UnknownNameError):
        evonas.train(run, str(evonas.load_study(run).candidates.index[0]), recipe=name)
    assert outside(run) == before


@pytest.mark.parametrize("out", ["x" * 300, "x" * 300 + "/run"])
def test_too_long_folder_name_is_one_message(run: Path, call: Call, out: str) -> None:
    before = outside(run)
    words = ["--space", "tiny", "--objectives", "acc", "--images", "60", "--out", out]
    assert "File name too long" in call("run", *words, code=2)
    assert "File name too long" in call("front", out, code=2)
    assert outside(run) == before


COMMANDS = [
    ["front"], ["show", "KEY"], ["resume"], ["confirm"], ["report"], ["verify"], ["repair"],
    ["export", "KEY"], ["attack", "KEY"], ["backup", "copy"],
]  # fmt: skip


@pytest.mark.parametrize("name", ["models", "checkpoints", "cells", "attacks"])
def test_run_subfolder_linked_outside_is_rejected(run: Path, call: Call, name: str) -> None:
    key = str(evonas.load_study(run).front.index[0])
    elsewhere = run.parent / "elsewhere"
    if (run / name).exists():
        shutil.move(run / name, elsewhere)
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "precious.pt").write_text("mine")
    (run / name).symlink_to(elsewhere)
    before = outside(run)
    for command, *rest in COMMANDS:
        words = [key if word == "KEY" else word for word in rest]
        told = call(command, "run", *words, code=2)
        assert f"{name} is a link that leads out of the run" in told
    assert outside(run) == before


@pytest.mark.parametrize("name", ["lock", "front.png", "candidates.csv", "models/x.safetensors"])
@pytest.mark.parametrize("exists", [True, False])
def test_run_file_linked_outside_is_not_written(
    run: Path, call: Call, name: str, exists: bool
) -> None:
    target = run.parents[1] / "precious"
    if exists:
        target.write_text("mine")
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(target)
    before = outside(run)
    for command in ("front", "resume"):
        assert f"{name} is a link" in call(command, "run", code=2)
    assert outside(run) == before


def test_links_inside_and_to_a_run_are_followed(run: Path, call: Call) -> None:
    (run / "best.csv").symlink_to("candidates.csv")
    (run / "circle").symlink_to("circle")
    (run.parent / "latest").symlink_to(run)
    assert "2 candidates" in call("front", "latest")
