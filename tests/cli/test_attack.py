"""``evonas attack`` of a run and of its model file: equal tables, and no attack runs twice."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from evonas.evaluation.attacks.battery import run as module

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
    with path.open(newline="") as file:
        return [row | {"seconds": ""} for row in csv.DictReader(file)]


def test_run_and_model_file_give_same_table_from_cache(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = next((folder / "models").iterdir())
    key = model.stem
    shown = call("attack", str(folder), key[:8], *SMALL)
    assert "worst case" in shown
    assert "masked" in shown
    found = rows(folder / "attacks" / key / "attacks.csv")
    assert {row["gradient"] for row in found} == {"true", "surrogate", "none"}
    of_file = ["attack", str(model), *SMALL, "--dataset", "digits", "--out", str(tmp_path)]
    call(*of_file)
    assert rows(tmp_path / "attacks.csv") == found

    def again(*_: object, **__: object) -> None:
        raise AssertionError("attacked twice")

    with monkeypatch.context() as patch:
        patch.setattr(module, "run_attack", again)
        patch.setattr(module, "masking", again)
        (folder / "attacks" / key / "attacks.csv").unlink()
        assert call("attack", str(folder), key, *SMALL) == shown
        assert rows(folder / "attacks" / key / "attacks.csv") == found
        call(*of_file)
    assert len(rows(tmp_path / "attacks.csv")) == len(found)


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
    missing = tmp_path / "none.safetensors"
    assert "no such file" in refused("attack", str(missing), "--dataset", "digits")
