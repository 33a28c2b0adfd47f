"""``evonas show``: the oracles are the tables of the run, and the described network."""

import csv
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import evonas
from evonas.rules import rule_layers

RUN = [
    "run", "--space", "nas-bench-201", "--objectives", "acc,params", "--rules", "usf,dfa",
    "--population", "3", "--generations", "2", "--epochs", "1", "--images", "100", "--batch", "25",
    "--channels", "4", "--cells", "1", "--workers", "1", "--quiet", "--confirm", "1",
]  # fmt: skip


def lines(text: str) -> list[str]:
    return text.splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from evonas.cli import main

    out = tmp_path_factory.mktemp("show") / "run"
    with pytest.raises(SystemExit):
        main([*RUN, "--out", str(out)])
    return out


def test_show_prints_standing_and_layer_rules_of_candidate(
    folder: Path, call: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    with (folder / "candidates.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    front = set(evonas.load_study(folder).front.index)
    for row in rows:
        shown = call("show", str(folder), row["key"])
        assert row["genome"] in shown
        assert ("on the front, " in shown) == (row["key"] in front)
        assert ("dominated by" in shown or "trained only" in shown) == (row["key"] not in front)
        assert f"trained {row['replicates']}".split() in [
            line.split()[:2] for line in lines(shown)
        ]
        assert ("confirmed" in shown) == bool(row["confirmations"])
        assert f"{int(row['params']):,}" in shown
    key = next(iter(front))
    shown = call("show", str(folder), key)
    network = evonas.load_study(folder).load(key)
    for name, layer in rule_layers(network).items():
        (line,) = re.findall(
            rf"^ {re.escape(name.removeprefix('body.'))} .*$", shown, re.MULTILINE
        )
        assert line.split()[-2:] == [f"{layer.weight.numel():,}", layer.rule.name]
    ElementTree.parse(folder / "cells" / f"{key}.svg")  # well formed


def test_show_accepts_key_prefix_and_rejects_unknown_key(
    folder: Path, call: Callable[..., str]
) -> None:
    key = evonas.load_study(folder).front.index[0]
    assert key in call("show", str(folder), key[:12])
    assert "no candidate has the key 'zz'" in call("show", str(folder), "zz", code=2)
    assert "expected the folder of a run" in call("show", str(folder / "no"), key, code=2)
