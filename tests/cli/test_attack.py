"""``evonas attack`` of a run and of its model file: equal tables, and no attack runs twice."""

import csv
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from safetensors.torch import save

from evonas.api.attacking import LEVELS
from evonas.cli.examining.attack import default_radii
from evonas.evaluation.attacks.attackers import Square
from evonas.evaluation.attacks.battery import run as module
from evonas.evaluation.attacks.suite import NamedAttack
from evonas.evaluation.model_file import read_model
from evonas.report.attacks.reading import ATTACK
from evonas.study.folder import opened_run, readable_run

RUN = [
    "run", "--space", "tiny", "--objectives", "acc,robust", "--rules", "usf,fa",
    "--population", "3", "--generations", "1", "--epochs", "1", "--images", "100", "--batch", "25",
    "--workers", "1", "--quiet", "--confirm", "0", "--replicates", "1", "--audit-images", "0",
]  # fmt: skip
SMALL = ["--images", "12", "--epsilon", "16/255", "--epsilon", "64/255"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evonas.cli import main

    out = tmp_path_factory.mktemp("attack") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def test_run_and_model_file_give_same_table_from_cache(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = next((folder / "models").iterdir())
    key = model.stem
    shown = call("attack", str(folder), key[:8], *SMALL)
    assert "worst case" in shown
    assert "masked" in shown
    found = rows(folder / "attacks" / key / "validation-12-seed-0" / "attacks.csv")
    assert {row["gradient"] for row in found} == {"true", "surrogate", "none"}
    of_file = ["attack", str(model), *SMALL, "--dataset", "digits", "--out", str(tmp_path)]
    call(*of_file)
    assert rows(tmp_path / "attacks.csv") == found

    def again(*_: object, **__: object) -> None:
        raise AssertionError("attacked twice")

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_attack", again)
        patch.setattr(module, "masking", again)
        (folder / "attacks" / key / "validation-12-seed-0" / "attacks.csv").unlink()
        assert call("attack", str(folder), key, *SMALL) == shown
        assert rows(folder / "attacks" / key / "validation-12-seed-0" / "attacks.csv") == found
        call(*of_file)
    assert len(rows(tmp_path / "attacks.csv")) == len(found)


def test_level_2_diagnoses_again_with_its_own_attacks(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = next((folder / "models").iterdir()).stem
    few = ["attack", str(folder), key, "--images", "10", "--epsilon", "16/255"]
    call(*few)
    stronger = NamedAttack("square-9", Square(num_queries=9))
    monkeypatch.setitem(LEVELS, 2, (stronger,))
    for _ in range(2):  # the second time, all results are known
        call(*few, "--level", "2")
        with readable_run(folder) as (_, journal):
            found = {f.name: f.body for f in journal.findings(ATTACK) if " 10 " in f.name}
        compared = found["validation 10 0 masking 16/255"]["compared"]
        assert {name.split()[0] for name in compared} == {
            "apgd-ce-10", "apgd-dlr-20", "square-500", "square-9",
        }  # fmt: skip
        monkeypatch.setattr(module, "masking", None)


@pytest.mark.system
def test_results_of_replaced_model_file_are_not_reused(
    folder: Path, call: Callable[..., str], tmp_path: Path
) -> None:
    """Two networks of equal shape at one path; the oracle is each of them attacked alone."""

    def robust(out: Path) -> list[str]:
        """Which images withstood each attack."""
        results = json.loads((out / "results.json").read_text())["results"]
        return [each["robust"] for each in results.values() if "robust" in each]

    model, other = next((folder / "models").iterdir()), tmp_path / "other.safetensors"
    weights, said = read_model(model)
    del said["sha256"]
    turned = {f"classifier.{n}": weights[f"classifier.{n}"].roll(1, 0) for n in ("weight", "bias")}
    other.write_bytes(save({**weights, **turned}, {"evonas": json.dumps(said)}))
    kept, expected = tmp_path / "model.safetensors", []
    options = ["--dataset", "digits", "--images", "40", "--epsilon", "1/255"]
    for each in (model, other):
        call("attack", str(each), *options, "--out", str(tmp_path / each.stem))
        expected.append(robust(tmp_path / each.stem))
    assert expected[0] != expected[1]
    for each, found in zip((model, other), expected, strict=True):
        kept.write_bytes(each.read_bytes())
        call("attack", str(kept), *options)
        assert robust(tmp_path / "attacks-model" / "digits-validation-40-seed-0") == found
    call("attack", str(kept), *options, "--image-size", "8")  # which the file says nothing about
    assert robust(tmp_path / "attacks-model" / "digits-validation-40-seed-0-size-8") == expected[1]


@pytest.mark.system
def test_attacks_on_other_images_or_seeds_are_kept(
    folder: Path, call: Callable[..., str], tmp_path: Path
) -> None:
    model = tmp_path / "model.safetensors"
    original = next((folder / "models").iterdir())
    model.write_bytes(original.read_bytes())
    targets = {
        folder / "attacks" / original.stem: [str(folder), original.stem],
        tmp_path / "attacks-model": [str(model), "--dataset", "digits"],
    }
    for home, target in targets.items():
        before = set(home.glob("*/attacks.csv"))
        given = ["attack", *target, "--epsilon", "1/255", "--quiet"]
        for other in (["2"], ["3"], ["2", "--part", "test"], ["2", "--seed", "1"]):
            call(*given, "--images", *other)
        files = set(home.glob("*/attacks.csv")) - before
        assert len(files) == 4
        assert {row["images"] for file in files for row in rows(file)} == {"2", "3"}


def test_run_in_use_is_refused_before_any_attack(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "run_attack", None)
    key = next((folder / "models").iterdir()).stem
    with opened_run(folder):
        told = call("attack", str(folder), key, "--images", "4", "--epsilon", "2/255", code=2)
    assert "another process is working on this run" in told


def test_invalid_attack_targets_are_rejected(
    folder: Path, call: Callable[..., str], tmp_path: Path
) -> None:
    def refused(*arguments: str) -> str:
        return " ".join(call(*arguments, code=2).split())

    model = next((folder / "models").iterdir())
    assert "expected the key of a candidate" in refused("attack", str(folder))
    assert "no candidate has the key 'zz'" in refused("attack", str(folder), "zz")
    assert "give --dataset" in refused("attack", str(model))
    assert "expected no key" in refused("attack", str(model), "a", "--dataset", "digits")
    assert "level: expected 1 or 2" in refused("attack", str(folder), model.stem, "--level", "3")
    assert "epsilon" in refused("attack", str(folder), model.stem, "--epsilon", "9/8")
    for option in ("--dataset=digits", "--image-size=8", "--split-seed=0"):
        told = refused("attack", str(folder), model.stem, option)
        assert f"{option.partition('=')[0]} is for a model file" in told
    weights, said = read_model(model)
    del said["sha256"]
    fewer = {f"classifier.{n}": weights[f"classifier.{n}"][:9] for n in ("weight", "bias")}
    nine = tmp_path / "nine.safetensors"
    nine.write_bytes(
        save({**weights, **fewer}, {"evonas": json.dumps({**said, "num_classes": 9})})
    )
    told = refused("attack", str(nine), "--dataset", "digits")
    assert "expected images of 9 classes, those of 'digits' have another number" in told
    for device in ("auto", "all"):
        told = refused("attack", str(folder), model.stem, "--device", device)
        assert f"expected cpu, cuda or cuda:<number> here, got {device}" in told
    missing = tmp_path / "none.safetensors"
    assert "no such file" in refused("attack", str(missing), "--dataset", "digits")


def test_default_radii_surround_the_epsilon_of_the_search() -> None:
    assert default_radii(None) == [Fraction(n, 255) for n in (1, 2, 4, 8)]
    assert default_radii(Fraction(8, 255)) == [Fraction(n, 255) for n in (4, 8, 16, 32)]
    assert default_radii(Fraction(1, 3)) == [Fraction(1, 6), Fraction(1, 3), Fraction(2, 3), 1]
