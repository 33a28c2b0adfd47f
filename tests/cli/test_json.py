"""``--json``: the oracles are the tables of the run, the registries, and the text output."""

import csv
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import evonas
from evonas.api.terminal.json_output import as_plain
from evonas.cli import main
from evonas.evaluation.data.known import all_datasets
from evonas.evaluation.final.recipe import load_recipe, recipe_names
from evonas.evaluation.objectives import OBJECTIVES
from evonas.rules import all_rules, rule_layers
from evonas.search.engines import SEARCHES
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.space import load, shipped

Call = Callable[..., str]
RUN = [
    "run", "--space", "tiny", "--objectives", "acc,params", "--rules", "usf,dfa", "--population",
    "3", "--generations", "2", "--epochs", "1", "--images", "100", "--batch", "25", "--workers",
    "1", "--quiet", "--confirm", "1", "--seed", "3",
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("json") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return out


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def same(value: object, cell: str) -> bool:
    """Whether a JSON value equals a cell of a CSV file."""
    if value is None:
        return cell == ""
    if isinstance(value, int):  # a seed has more digits than a float keeps
        return str(value) == cell
    return value == (float(cell) if isinstance(value, float) else cell)


def test_front_json_matches_pareto_csv(folder: Path, call: Call) -> None:
    document = json.loads(call("front", str(folder), "--json"))
    assert document["objectives"] == ["acc", "params"]
    assert document["candidates"] == len(table(folder / "candidates.csv"))
    rows = table(folder / "pareto.csv")
    assert len(document["front"]) == len(rows) > 0
    for told, row in zip(document["front"], rows, strict=True):
        assert told.keys() == row.keys()
        assert [name for name in row if not same(told[name], row[name])] == []


def test_show_json_matches_row_and_lists_layer_rules(folder: Path, call: Call) -> None:
    for row in table(folder / "candidates.csv"):
        told = json.loads(call("show", str(folder), row["key"], "--json"))
        assert [name for name in row if not same(told[name], row[name])] == []
        assert told["trainings"][0]["key"] == row["key"]
        study = evonas.load_study(folder)
        layers = rule_layers(study.untrained(study.find(row["key"])))
        assert [(each["shape"], each["rule"]) for each in told["layers"]] == [
            (list(layer.weight.shape), layer.rule.name) for layer in layers.values()
        ]
        assert told["standing"] in call("show", str(folder), row["key"])


def test_status_and_ls_agree_about_a_run(folder: Path, call: Call) -> None:
    status = json.loads(call("status", str(folder), "--json"))
    (listed,) = json.loads(call("ls", str(folder.parent), "--json"))
    assert status | {"size_bytes": 0} == listed | {"size_bytes": 0}
    assert status["state"] == "ended"
    assert status["trainings"] == status["trainings_asked_for"] == 6
    assert status["front"] == len(table(folder / "pareto.csv"))


def test_ls_of_empty_folder_is_an_empty_list(tmp_path: Path, call: Call) -> None:
    assert json.loads(call("ls", str(tmp_path), "--json")) == []


def test_verify_json_lists_damage_and_exits_with_3(
    folder: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(call("verify", str(folder), "--json")) == []
    model = next((folder / "models").iterdir())
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(SystemExit) as left:
        main(["verify", str(folder), "--json"])
    model.write_bytes(whole)
    (damage,) = json.loads(capsys.readouterr().out)
    assert left.value.code == 3
    assert damage["path"].endswith(model.name)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (("spaces",), set(shipped())),
        (("spaces", "list"), set(shipped())),
        (("rules",), set(all_rules())),
        (("objectives",), set(OBJECTIVES)),
        (("algorithms",), {*SEARCHES, *GUIDED_SEARCHES}),
        (("datasets",), set(all_datasets())),
        (("data", "list"), set(all_datasets())),
    ],
)
def test_list_json_names_every_entry(
    command: tuple[str, ...], names: set[str], call: Call
) -> None:
    rows = json.loads(call(*command, "--json"))
    assert {row["name"] for row in rows} == names
    assert all(" " not in key for row in rows for key in row)


def test_recipes_json_lists_every_recipe(call: Call) -> None:
    told = json.loads(call("recipes", "--json"))
    assert list(told) == list(recipe_names())
    for name, values in told.items():
        assert values["epochs"] == load_recipe(name).epochs


def test_rules_and_spaces_show_json_match_the_registry(call: Call) -> None:
    rule = json.loads(call("rules", "show", "usf", "--json"))
    assert rule["equation"] == all_rules()["usf"].equation
    space = json.loads(call("spaces", "show", "tiny", "--json"))
    tiny = load("tiny")
    assert space["genotypes"] == tiny.size
    assert len(space["genes"]) == len(tiny.genes)
    assert tiny.canonical(tiny.parse(space["a_genome"])) == tiny.parse(space["a_genome"])


def test_data_check_json_counts_classes_and_reports_problems(
    tmp_path: Path, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, sizes in (("a cat", [8, 8, 8, 8, 8, 8]), ("dog", [8, 8, 8, 8, 9])):
        (tmp_path / name).mkdir()
        for number, size in enumerate(sizes):
            pixels = np.full((size, size, 3), 20 * number, dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{number}.png")
    told = json.loads(call("data", "check", str(tmp_path), "--image-size", "8", "--json"))
    counts = {c: told["images"]["train"][c] + told["images"]["test"][c] for c in ("a cat", "dog")}
    assert counts == {"a cat": 6, "dog": 5}
    assert told["sizes"] == {"8x8": 10, "9x9": 1}
    with pytest.raises(SystemExit) as left:
        main(["data", "check", str(tmp_path), "--json"])
    assert left.value.code == 2
    assert json.loads(capsys.readouterr().out)["problems"] != []


def test_compare_json_means_match_printed_table(folder: Path, call: Call) -> None:
    told = json.loads(call("compare", str(folder), "--json"))
    assert told["objectives"] == ["acc", "params"]
    assert told["evaluations"] == 6
    means = {each["measure"]: each["mean"] for each in told["groups"]}
    printed = call("compare", str(folder))
    assert all(f"{mean:.4g}" in printed for mean in means.values())


def test_doctor_json_describes_this_machine(call: Call) -> None:
    told = json.loads(call("doctor", "--device", "cpu", "--json"))
    assert told["machine"]["torch"] == torch.__version__
    speeds = told["devices"]["cpu"]["speeds"]
    assert list(speeds) == ["fp32", "bf16"]
    assert all(speed["images_per_second"] > 0 for speed in speeds.values())


def test_version_lists_what_a_bug_report_needs(call: Call) -> None:
    text = call("--version")
    wanted = (evonas.__version__, platform.python_version(), torch.__version__, "CPU")
    assert [part for part in wanted if part not in text] == []


@dataclass(frozen=True)
class Inner:
    """Something nested."""

    path: Path
    value: float


def test_as_plain_converts_values_to_json_types() -> None:
    value = {"a b": (Inner(Path("x/y"), nan), np.int64(3), np.float64(0.5)), "c": inf, "d": True}
    assert as_plain(value) == {
        "a b": [{"path": "x/y", "value": None}, 3, 0.5], "c": None, "d": True,
    }  # fmt: skip
