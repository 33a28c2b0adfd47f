"""Two small runs for the tests of reports: one with data for all views, and a plain one."""

import dataclasses
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import evonas
from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.evaluation.attacks.masking.level_one_report import LevelOne
from evonas.evaluation.attacks.masking.report import Masking, MaskingCheck
from evonas.evaluation.final.final_training import EpochRecord
from evonas.report.html.gathering import RunData, gather
from evonas.study.folder import opened_run
from evonas.study.journal.findings import Finding

SETTINGS: dict[str, Any] = {
    "population": 3, "generations": 2, "epochs": 2, "images": 60, "batch": 20, "channels": 4,
    "workers": 1, "progress": False, "replicates": "1", "rules": ("fa", "usf", "dfa"),
}  # fmt: skip
MASKING = Masking(
    (MaskingCheck("grad_honesty", 0.01, 0.1, False), MaskingCheck("order", 0.2, 0.05, True)),
    surrogate_gap=0.3,
    gradient_cosine=0.2,
    num_images=4,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with confirmations, and with made-up controls, audit, attacks and final training.

    Tests must not modify it.
    """
    out = tmp_path_factory.mktemp("report") / "whole"
    study = evonas.search("tiny", objectives=["acc", "params"], out=out, confirm=2, **SETTINGS)
    key = study.front.index[0]
    with opened_run(out) as (_, journal):
        for training in [t for t in journal.confirmations() if t.key == key]:
            for name, less in (("all bp", 0.02), ("random rules 1", 0.1), ("random rules 2", 0.2)):
                values = {**training.values, "acc": max(0.0, training.values["acc"] - less)}
                shares = {n: max(0.0, v - less) for n, v in training.test_values.items()}
                made = dataclasses.replace(training, values=values, test_values=shares)
                body = asdict(made) | {"losses": list(made.losses)}
                journal.record_finding(Finding("control", key, name, made.replicate, body))
        for epsilon, robust in (("4/255", "1110"), ("16/255", "1000")):
            for gradient, left in (("true", robust), ("surrogate", "1111")):
                outcome = Outcome("apgd-ce-10", epsilon, gradient, "1111", left, 0.1)
                name = f"validation 4 0 apgd-ce-10 {epsilon} {gradient}"
                journal.record_finding(Finding("attack", key, name, 0, outcome.as_document()))
            name = f"validation 4 0 masking {epsilon}"
            journal.record_finding(Finding("attack", key, name, 0, MASKING.as_document()))
        found = LevelOne(0.8, {"apgd-ce-10": 0.5, "square-500": 0.4}, 0.4, 0.1, MASKING, 10)
        journal.record_finding(Finding("audit", key, "", 0, found.as_document()))
    _write_final(out / "final" / key / "seed-0")
    return out


@pytest.fixture(scope="session")
def run(folder: Path) -> RunData:
    """The data of that run, as gathered for a report."""
    return gather(folder, name="whole")


@pytest.fixture(scope="session")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run without extra results, in a folder whose name tries to inject HTML."""
    out = tmp_path_factory.mktemp("report") / MISCHIEF
    evonas.search("tiny", objectives=["acc", "params"], out=out, confirm=0, seed=1, **SETTINGS)
    return out


MISCHIEF = "<!--<img src=x onerror=alert(1)>&amp;'\""
"""A valid folder name that would run a script if it were not escaped."""


def _write_final(home: Path) -> None:
    from evonas.study.final.result import FinalResult

    first = EpochRecord(epoch=1, learning_rate=0.1, loss=1.5, validation=0.5, seconds=0.1)
    epochs = (first, dataclasses.replace(first, epoch=2, loss=1.0))
    home.mkdir(parents=True)
    FinalResult(0, 0.5, 10, 0.5, 1, 100, 1.0, "0" * 64, epochs).write(home)
