"""Data sets of other packages; oracle: metadata and modules written by hand, intact and broken."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from evonas.errors import DataError, UnknownNameError
from evonas.evaluation.data.known import DATASETS
from evonas.evaluation.data.sources.third_party import GROUP, DatasetTable
from evonas.registry import look_up

MODULE = '''
"""Two grey images of two classes, by somebody else."""

import torch

from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.sources.base import AbstractSource


class Pair(AbstractSource):
    name = "pair"
    title = "black and white"

    def traits(self, data_dir):
        return Traits("pair", 2, (1, 8, 8), (0.5,), (0.5,), 0)

    def load_train(self, data_dir, *, download):
        pixels = torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1, 1).expand(2, 1, 8, 8)
        return Images(pixels, torch.tensor([0, 1]))

    load_test = load_train


class Half(AbstractSource):
    name = "half"
    title = "lacks what a data set must have"


nothing = 3
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"others_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return name


def table(*points: tuple[str, str]) -> DatasetTable:
    ours = {"digits": DATASETS["digits"]}
    return DatasetTable(ours, lambda: [EntryPoint(n, value, GROUP) for n, value in points])


def test_entry_point_is_listed_and_imported_on_first_use(
    module: str,
) -> None:
    found = table(("pair", f"{module}:Pair"), ("gone", "no.where:Gone"))
    assert list(found) == ["digits", "gone", "pair"]
    assert len(found) == 3
    assert module not in sys.modules
    images = look_up(found, "pair", kind="data set").load_train(Path(), download=False)
    assert images.pixels.flatten(1)[:, 0].tolist() == [0, 255]
    assert found["pair"] is found["pair"]
    assert found["digits"] is DATASETS["digits"]
    with pytest.raises(UnknownNameError, match="did you mean 'pair'"):
        look_up(found, "pairs", kind="data set")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("pair", "no.where:Pair", "cannot be imported"),
        ("pair", "{module}:nothing", "expected a subclass of evonas.evaluation.data.sources"),
        ("paar", "{module}:Pair", "expected the name 'paar' that its entry point has, got 'pair'"),
        ("half", "{module}:Half", "expected to make one without arguments, got TypeError"),
        ("digits", "{module}:Pair", "is offered by evonas itself and by"),
    ],
)
def test_broken_or_duplicate_entry_point_raises_on_use(
    module: str, name: str, value: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        table((name, value.format(module=module)))[name]
