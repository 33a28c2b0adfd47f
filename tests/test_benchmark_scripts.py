"""The tables of the benchmark scripts, with measurements that are made up."""

import sys
from fractions import Fraction

import pytest

from benchmarks import adversarial_training
from evonas.errors import TrainingDiverged

COSTS = {"standard": 1.0, "fgsm": 2.0, "pgd-7": 8.0}


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_cost_of_adversarial_training_is_relative_to_standard_training_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(
        _: object, *, rule: str, training: str, epsilon: Fraction, seed: int
    ) -> tuple[float, float, float]:
        failed = {"usf": ("standard", (0, 1, 2)), "fa": ("standard", (1,)), "bp": ("fgsm", (0, 2))}
        if training == failed[rule][0] and seed in failed[rule][1]:
            raise TrainingDiverged("no finite loss")
        return 0.9, float(epsilon), COSTS[training] * (1 + seed)

    monkeypatch.setattr(adversarial_training, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["adversarial_training", "--radii", "1/10"])
    adversarial_training.main()
    rows = {(row[1], row[2]): row[3:] for row in map(cells, capsys.readouterr().out.splitlines())}
    same = ["0.900 ± 0.000", "0.100 ± 0.000"]
    assert rows["`usf`", "standard"] == ["-", "-", "-", "3"]
    assert rows["`usf`", "fgsm"] == [*same, "-", "0"]
    assert rows["`fa`", "pgd-7"] == [*same, "8.000 ± 0.000", "0"]
    assert rows["`bp`", "fgsm"] == ["0.900", "0.100", "2.000", "2"]
