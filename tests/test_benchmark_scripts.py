"""The tables of the benchmark scripts, with measurements that are made up."""

import math
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks import (
    adversarial_training,
    believable_fronts,
    bionas_on_cifar10,
    engines_on_digits,
    masking_table,
    prior_on_table,
    record_cifar10,
    rules_in_one_architecture,
    rules_on_cifar10,
    signals_on_trained,
)
from benchmarks.bionas_on_cifar10 import Case, Outcome
from benchmarks.support.command import command
from evonas.api.final.report import FinalReport
from evonas.benchmarking.comparison import RunScores
from evonas.errors import ConfigError, TrainingDiverged
from evonas.evaluation.record import Evaluation
from evonas.space import source_text
from evonas.study.create import create_run
from evonas.study.journal.opening import open_journal
from tests.small_run import SMALL_RUN, changed

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


def test_engines_on_digits_leaves_out_ways_with_an_interrupted_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One seed is enough for the tables."""
    settings = changed(SMALL_RUN, space="tiny", evaluations=2)
    for way, num_results in (("random-0", 2), ("nsga2-0", 1)):
        create_run(tmp_path / way, settings, space_text=source_text("tiny"))
        journal = open_journal(tmp_path / way)
        for key in ("a", "b")[:num_results]:
            journal.record_tell(Evaluation(key, "", {"acc": 0.5}, {}, (), 1, 0.0, 0), attempt=0)
        journal.close()

    def reached(folder: Path, *, way: str) -> RunScores:
        measures = dict.fromkeys(("at the end", "mean of the trajectory", "acc", "robust"), 0.5)
        return RunScores(way, folder.name, (20, 40, 60, 80), (0.1, 0.2, 0.3, 0.4), measures)

    monkeypatch.setattr(engines_on_digits, "reached", reached)
    arguments = ["engines_on_digits", str(tmp_path), "--ways", "random", "--seeds", "0"]
    monkeypatch.setattr(sys, "argv", arguments)
    engines_on_digits.main()
    printed = capsys.readouterr().out
    assert "| random | 0.1000 | 0.2000 | 0.3000 | 0.4000 |" in printed
    assert "nsga2" not in printed


@pytest.fixture
def bionas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Case]]:
    """Runs the script with options, and returns the cases that it ran."""
    ran: list[Case] = []

    def run(_: Path, case: Case, *, trainings: int, **__: object) -> Outcome:
        ran.append(case)
        return Outcome(trainings, float(trainings), 0.5, 0.5, "")

    def written(name: str, text: str) -> None:
        """Leave RESULTS.md as it is."""

    monkeypatch.setattr(bionas_on_cifar10, "run", run)
    monkeypatch.setattr(bionas_on_cifar10, "write_section", written)

    def script(*options: str) -> list[Case]:
        ran.clear()
        monkeypatch.setattr(sys, "argv", ["bionas_on_cifar10", str(tmp_path), *options])
        bionas_on_cifar10.main()
        return list(ran)

    return script


def test_bionas_on_cifar10_does_not_mix_settings(bionas: Callable[..., list[Case]]) -> None:
    first = ("--ways", "random", "--seeds", "0")
    assert bionas(*first) == [Case("random", -1), Case("random", 0)]
    assert bionas(*first) == []
    with pytest.raises(ConfigError, match="results with images 2000, got images 500; use another"):
        bionas(*first, "--images", "500")


def test_bionas_on_cifar10_measures_the_pilot_of_random_search_for_every_way(
    bionas: Callable[..., list[Case]],
) -> None:
    pilots = [Case("random", -1), Case("evonas", -1)]
    assert bionas("--ways", "evonas", "--seeds", "3") == [*pilots, Case("evonas", 3)]


def test_bionas_on_cifar10_begins_an_interrupted_run_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the whole search in its CPU time."""
    folder = tmp_path / "random--1"
    create_run(folder, changed(SMALL_RUN, space="tiny"), space_text=source_text("tiny"))

    def search(*_: object, out: Path, **__: object) -> None:
        assert not out.exists()

    monkeypatch.setattr("benchmarks.bionas_on_cifar10.evonas.search", search)
    found = bionas_on_cifar10.run(folder, Case("random", -1), trainings=9, options={})
    assert found.trainings == 9


def test_signals_on_trained_prints_all_options_that_were_given() -> None:
    parser = signals_on_trained.options()
    text = "--dataset cifar10 --data-dir DIR --genomes 20 --epochs 5 --cells 1"
    given = parser.parse_args(["runs/signals", *text.split(), "--machine", "a big one"])
    found = command("signals_on_trained FOLDER", parser, given, without=("folder", "machine"))
    assert found == f"python -m benchmarks.signals_on_trained FOLDER {text}"


def test_signals_on_trained_refuses_a_folder_with_other_settings(tmp_path: Path) -> None:
    settings = changed(SMALL_RUN, population=40, evaluations=120, epochs=6, images=None)
    create_run(tmp_path / "run", settings, space_text=source_text("nas-bench-201"))
    given = signals_on_trained.options().parse_args([str(tmp_path / "run")])
    with pytest.raises(ConfigError, match="holds a search with attacked_images 20, got 180"):
        signals_on_trained.trained(given.folder, given)


def test_believable_fronts_keeps_the_seconds_of_a_finished_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call takes no time; an interrupted search has no duration of the whole."""

    def search(*_: object, out: Path, **__: object) -> None:
        create_run(out, changed(SMALL_RUN, space="tiny"), space_text=source_text("tiny"))
        if out.name == "broken":
            raise KeyboardInterrupt
        time.sleep(0.05)

    def resume(*_: object, **__: object) -> None:
        """Do nothing."""

    monkeypatch.setattr("benchmarks.believable_fronts.evonas.search", search)
    monkeypatch.setattr("benchmarks.believable_fronts.evonas.Study.resume", resume)
    first = believable_fronts.run(tmp_path / "whole", {})
    assert believable_fronts.run(tmp_path / "whole", {}) == first >= 0.05
    with pytest.raises(KeyboardInterrupt):
        believable_fronts.run(tmp_path / "broken", {})
    assert math.isnan(believable_fronts.run(tmp_path / "broken", {}))


def test_rules_on_cifar10_are_sorted_also_if_one_diverged() -> None:
    def case(rule: str) -> rules_on_cifar10.Case:
        return rules_on_cifar10.Case("plain", rule, 0.1, 100, 1, 8, 0.0, 0)

    accuracies = {"bp": 0.5, "kp": math.nan, "fa": 0.6, "usf": 0.7}
    outcomes = {
        case(rule): rules_on_cifar10.Outcome(accuracy, 1.0, 60.0, 60.0, 1.0)
        for rule, accuracy in accuracies.items()
    }
    rows = [cells(row)[0] for row in rules_on_cifar10.table(outcomes, case(""))]
    assert rows[-4:] == ["`usf`", "`fa`", "`bp`", "`kp`"]


def test_masking_table_counts_the_minutes_of_its_own_runs() -> None:
    like = masking_table.Case("digits", "", "16/255", 0, 12, 32, 256, 1000, 0)
    small = replace(like, rule="bp", images=500)
    found = masking_table.Outcome(0.9, 0.8, 0.7, 0.7, 0.7, 0.5, "", 600.0)
    outcomes = {replace(like, rule="bp"): found, small: found}
    assert "10 minutes" in masking_table.report(outcomes, [like]).replace("\n", " ")


def test_record_on_cifar10_names_the_options_that_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(**_: object) -> FinalReport:
        return FinalReport(tmp_path, ())

    monkeypatch.setattr("benchmarks.record_cifar10.evonas.train", train)
    results = tmp_path / "RESULTS.md"
    text = """--rules "kp(scale='group')" --epochs 30 --precision bf16 --data-dir DIR"""
    arguments = ["record_cifar10", *shlex.split(text), "--results", str(results)]
    monkeypatch.setattr(sys, "argv", arguments)
    record_cifar10.main()
    assert f"`python -m benchmarks.record_cifar10 {text}`, 30 epochs" in results.read_text()


def test_prior_on_table_needs_only_one_seed() -> None:
    found = {"no prior": [[0.5, 0.75]], "prior": [[0.625, 0.75]]}
    assert list(prior_on_table.rows("nsga2", found)) == [
        "| `nsga2` | no prior | 0.500 | 0.750 |",
        "| `nsga2` | prior | 0.625 | 0.750 |",
        "|  | gain | +0.125 | +0.000 |",
    ]


def test_predictors_of_rules_are_compared_within_each_architecture() -> None:
    """Accuracies differ between architectures; a predictor sees only the order within each."""
    script = rules_in_one_architecture
    truth = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.7]]
    scores = {
        "right": [[1.0, 2.0, 3.0], [0.3, 0.2, 0.1]],
        "wrong": [[3.0, 2.0, 1.0], [0.1, 0.2, 0.3]],
        "constant": [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]],
    }
    known = {}
    for number in (0, 1):
        for which in (0, 1, 2):
            for seed in script.SEEDS:  # the seeds differ, but not on average
                noise = 0.2 * (seed - 3) * (-1) ** which
                case = script.Case(number, which, script.training(6), seed)
                known[case] = truth[number][which] + noise
            for what, each in scores.items():
                for seed in (0, 1):
                    known[script.Case(number, which, what, seed)] = each[number][which]
    groups: Any = [[None] * 3] * 2
    found = script.taus(known, groups)
    assert found == {"right": [1.0, 1.0], "wrong": [-1.0, -1.0], "constant": [-1.0]}
