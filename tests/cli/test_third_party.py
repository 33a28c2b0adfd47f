"""A third-party package, actually built and installed; the oracle is its own metadata."""

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.system

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "halfway-rules"
version = "1.2"

[project.entry-points."evonas.rules"]
halfway = "halfway:Halfway"
gone = "halfway.nowhere:Gone"

[project.entry-points."evonas.datasets"]
pair = "pairs:Pair"

[tool.setuptools]
py-modules = ["halfway", "pairs"]
"""
DATA_MODULE = '''
"""64 images of two classes, dark and bright."""

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource


class Pair(AbstractSource):
    name = "pair"
    title = "dark and bright"

    def traits(self, data_dir):
        return Traits("pair", 2, (1, 8, 8), (0.5,), (0.5,), 0)

    def load_train(self, data_dir, *, download):
        labels = torch.arange(64) % 2
        pixels = (labels * 200).to(torch.uint8).view(-1, 1, 1, 1).expand(64, 1, 8, 8)
        return Images(pixels.contiguous(), labels)

    load_test = load_train
'''
MODULE = '''
"""Half of the weights, from a module that knows only what evonas.rules offers."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from evonas.rules import AbstractFeedbackRule, AbstractRuleLayer


@final
@dataclass(frozen=True)
class Halfway(AbstractFeedbackRule):
    """V = W / 2."""

    share: float = 0.5

    name: ClassVar[str] = "halfway"
    title: ClassVar[str] = "Halfway back"
    source: ClassVar[str] = "this very test"
    equation: ClassVar[str] = "V = W / 2 [halved]"
    transports: ClassVar[str] = "weights"
    sends: ClassVar[str] = "K(g; W / 2)"
    cost: ClassVar[str] = "one product per weight and step"
    limits: ClassVar[str] = "half as fast"

    def feedback(self, layer: AbstractRuleLayer) -> Tensor:
        return layer.weight.detach() * self.share
'''
RUN = [
    "run", "--space", "tiny", "--dataset", "pair", "--objectives", "acc", "--rules",
    "halfway,fa", "--population", "2", "--replicates", "1", "--confirm", "0",
    "--generations", "1", "--epochs", "1", "--images", "32", "--batch", "16", "--channels", "4",
    "--cells", "1", "--workers", "2",
]  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which pip installed the package and its metadata."""
    if importlib.util.find_spec("pip") is None or importlib.util.find_spec("setuptools") is None:
        pytest.skip("needs pip and setuptools to build a package")
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "halfway.py").write_text(MODULE)
    (source / "pairs.py").write_text(DATA_MODULE)
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-build-isolation"]
    command += ["--disable-pip-version-check", "--no-index", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def evonas(installed: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(installed), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-m", "evonas", *arguments],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_installed_rule_is_listed_and_broken_one_reported(installed: Path) -> None:
    done = evonas(installed, "rules")
    rows = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "Halfway back" in rows["halfway"]
    assert {"bp", "fa"} <= set(rows)
    assert "gone" not in rows
    assert "left out: rule 'gone' of package 'halfway-rules' 1.2: cannot be impo" in done.stderr


def test_installed_rule_is_shown_with_its_package(installed: Path) -> None:
    shown = evonas(installed, "rules", "show", "halfway").stdout
    for text in ("V = W / 2 [halved]", "half as fast", "share=0.5", "halfway-rules 1.2"):
        assert text in shown


def test_installed_data_set_is_listed(installed: Path) -> None:
    rows = {line.split()[0]: line for line in evonas(installed, "datasets").stdout.splitlines()}
    assert "dark and bright" in rows["pair"]
    assert {"digits", "folder", "npz"} <= set(rows)


def test_search_uses_installed_rule_and_data_set_in_workers(
    installed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    evonas(installed, *RUN, "--out", str(out))
    with (out / "candidates.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2
    assert any("halfway" in row["genome"] for row in rows)
    versions = yaml.safe_load((out / "config.yaml").read_text())["versions"]
    assert versions["halfway-rules"] == "1.2"


def test_run_with_unimportable_rule_is_rejected_before_creating_folder(
    installed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    broken = [*RUN, "--out", str(out)]
    broken[broken.index("halfway,fa")] = "gone,fa"
    done = evonas(installed, *broken, code=2)
    assert done.stderr.startswith("evonas: rule 'gone' of package 'halfway-rules' 1.2: cannot be")
    assert not out.exists()
