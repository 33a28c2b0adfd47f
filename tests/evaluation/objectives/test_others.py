"""Third-party objectives; oracle: modules and metadata written by hand, intact and broken."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from evonas.errors import ObjectiveError, UnknownNameError
from evonas.evaluation.constraints import parse_constraint
from evonas.evaluation.objectives import OBJECTIVES, Objective
from evonas.evaluation.objectives.others import GROUP, ObjectiveTable
from evonas.evaluation.objectives.own_module import digest_of, source_of
from evonas.registry import look_up

ENDLESS = {"latency", "params", "flops", "energy", "energy_training"}

MODULE = '''
"""An objective of somebody's own."""

import evonas


@evonas.objective(direction="minimise", unit="layers", cost="free", best=0.0)
def depth(subject):
    """Layers with weights.

    And no more than that.
    """
    return 3


def plain(subject):
    return 1.0


odd = evonas.Objective("odd", "x", "sideways", "free", "", None, plain)
seen = evonas.Objective("seen", "x", "maximise", "free", "", None, plain, error="images")
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current folder, which is not on ``sys.path`` yet."""
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    return name


def table(*points: tuple[str, str]) -> ObjectiveTable:
    ours = {"acc": OBJECTIVES["acc"]}
    return ObjectiveTable(ours, lambda: [EntryPoint(n, value, GROUP) for n, value in points])


def test_shipped_objectives_end_at_their_limits() -> None:
    """A share has both ends; what is counted or timed has at best none of it."""
    for name, objective in OBJECTIVES.items():
        if name not in ENDLESS:
            assert objective.range == (0.0, 1.0), name
        else:
            assert (objective.best, objective.worst) == (0.0, None), name


def test_own_objective_is_found_by_module_and_name(module: str) -> None:
    name = f"{module}:depth"
    found = look_up(table(), name, kind="objective")
    assert (found.name, found.unit, found.direction, found.cost) == (
        name, "layers", "minimise", "free",
    )  # fmt: skip
    assert found.meaning == "Layers with weights."
    assert (found.worst, found.best, found.error) == (None, 0.0, "none")
    assert list(table()) == ["acc"]  # an own objective is not listed


def test_constraint_accepts_own_objective(module: str) -> None:
    constraint = parse_constraint(f"{module}:depth <= 4")
    assert (constraint.objective, constraint.bound) == (f"{module}:depth", 4.0)
    assert constraint.is_free


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("gone", "has no 'gone'"),
        ("plain", r"expected an evonas.Objective, got <function plain.*@evonas.objective\("),
        ("odd", "expected direction to be one of maximise, minimise, got 'sideways'"),
        ("seen", "see no images"),
    ],
)
def test_invalid_objective_is_rejected_by_name(module: str, attribute: str, message: str) -> None:
    with pytest.raises(ObjectiveError, match=f"objective '{module}:{attribute}': .*{message}"):
        table()[f"{module}:{attribute}"]


def test_missing_module_error_suggests_pythonpath() -> None:
    with pytest.raises(
        ObjectiveError, match=r"no module 'nowhere_at_all' .*add that to PYTHONPATH"
    ):
        table()["nowhere_at_all.inside:thing"]


def test_failing_module_import_is_reported_with_its_error(module: str) -> None:
    Path(f"{module}.py").write_text("import nothing_of_the_kind", encoding="utf-8")
    with pytest.raises(ObjectiveError, match="ModuleNotFoundError: No module named 'nothing_of"):
        table()[f"{module}:depth"]
    Path(f"{module}_b.py").write_text("1 / 0", encoding="utf-8")
    with pytest.raises(ObjectiveError, match="ZeroDivisionError: division by zero"):
        table()[f"{module}_b:depth"]


def test_source_is_the_file_and_its_import_folder(module: str) -> None:
    file = Path(f"{module}.py").resolve()
    source = source_of(f"{module}:depth")
    assert (source.file, source.folder) == (str(file), str(file.parent))
    assert source.sha256 == digest_of(file)
    package = Path(f"{module}_package", "inner")
    package.mkdir(parents=True)
    for folder in (package.parent, package):
        (folder / "__init__.py").write_text(MODULE)
    inner = source_of(f"{module}_package.inner:depth")
    assert (inner.file, inner.folder) == (
        str(package.resolve() / "__init__.py"), str(file.parent),
    )  # fmt: skip


def test_entry_point_is_listed_before_import(module: str) -> None:
    found = table(("depth", f"{module}:depth"), ("broken", "nowhere_at_all:x"))
    sys.path.append(str(Path.cwd()))
    assert list(found) == ["acc", "broken", "depth"]
    assert len(found) == 3
    assert "broken" in found
    assert found["depth"].name == "depth"
    with pytest.raises(ObjectiveError, match=r"'broken' of entry point .*cannot be imported"):
        found["broken"]
    with pytest.raises(UnknownNameError, match="did you mean 'depth'"):
        look_up(found, "deptt", kind="objective")


def test_duplicate_objective_name_raises_on_use(module: str) -> None:
    found = table(("acc", f"{module}:depth"))
    with pytest.raises(ObjectiveError, match="'acc' is offered by evonas itself and by entry"):
        found["acc"]


def test_built_in_objectives_are_well_formed() -> None:
    for objective in OBJECTIVES.values():
        assert isinstance(objective, Objective)
        assert objective.problem is None
        if objective.worst is not None and objective.best is not None:
            assert objective.minimised(objective.best) < objective.minimised(objective.worst)
