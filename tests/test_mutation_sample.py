"""Faults are injected only where they change the program; a killed call can be undone."""

import ast
import random
from pathlib import Path

import pytest

pytest.importorskip("mutmut")

from benchmarks.mutation.related_tests import RelatedTests, sources
from benchmarks.mutation.sites import Fault, draw_fault
from benchmarks.mutation_sample import put_back, put_into

pytestmark = pytest.mark.system

ROOT = Path(__file__).parent.parent
CODE = '''"""Docstring."""
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nowhere import Thing1


def half(number: "int | None" = 4) -> float:
    """Half of it, or 2."""
    if number is None:
        raise ValueError("no number" + str(1))
    warn("2 halves make a whole")
    return number / 2
'''


def faults(code: str) -> list[Fault]:
    drawn = [draw_fault(code, rng=random.Random(seed)) for seed in range(60)]
    return [fault for fault in drawn if fault is not None]


def test_fault_changes_exactly_one_statement() -> None:
    found = faults(CODE)
    assert {fault.after.strip() for fault in found} == {
        "if number is not None:", "return number * 2", "return number / 3",
        'def half(number: "int | None" = 5) -> float:',
    }  # fmt: skip
    for fault in found:
        assert ast.dump(ast.parse(fault.code)) != ast.dump(ast.parse(CODE))
        same = [a == b for a, b in zip(CODE.splitlines(), fault.code.splitlines(), strict=True)]
        assert same.count(False) == 1
        assert fault.lines[0] <= same.index(False) + 1 <= fault.lines[1]


def test_code_without_operators_gets_no_fault() -> None:
    assert draw_fault('"""Only words."""\nimport os\n', rng=random.Random(0)) is None


def test_module_is_restored_after_use_and_after_a_kill(tmp_path: Path) -> None:
    module, backup = tmp_path / "module.py", tmp_path / "backup.json"
    module.write_text("own\n")
    with put_into(module, "fault\n", backup=backup):
        assert module.read_text() == "fault\n"
        kept = backup.read_text()
    assert module.read_text() == "own\n"
    assert not backup.exists()
    module.write_text("fault\n")  # a killed process leaves both files
    backup.write_text(kept)
    put_back(backup)
    assert module.read_text() == "own\n"


def test_modules_are_listed_once_and_own_tests_come_first() -> None:
    modules = sources(ROOT)
    assert len(modules) == len({path.resolve() for path in modules})
    assert ROOT / "rules" / "philox.py" in modules
    related = RelatedTests(ROOT)
    for module, test in (
        ("rules/philox.py", "tests/rules/test_philox.py"),
        ("evonas/search/pareto.py", "tests/search/test_pareto.py"),
        ("evonas/cli/measuring/benching.py", "tests/cli/test_bench.py"),
    ):
        assert related.of(ROOT / module, tree=ROOT, count=3)[0] == test
