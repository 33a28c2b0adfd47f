"""Record which tests execute each line, measured once with coverage.py.

Each test file runs in its own process and has its own data file. So an interrupted measurement can
continue, and what a module computes only once (a cache, a fixture) is recorded for each test file
that needs it. The context of a line is the test: pytest-cov sets it in pytest's process; commands
started by a test read it from ``PYTEST_CURRENT_TEST``, which pytest sets in their environment.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from benchmarks.mutation.outcomes import VARIABLE
from benchmarks.mutation.test_runner import TestRunner

NOT_MEASURED = ("tests/test_docs.py",)  # detects outdated pages, not faults in the code
SLOW = (
    "tests/api/",
    "tests/cli/",
    "tests/kernels/",
    "tests/study/",
)  # measured last: many complete searches
SETTINGS = """
[run]
source_pkgs = evonas
parallel = true
patch = subprocess
context = ${PYTEST_CURRENT_TEST-}
disable_warnings = no-data-collected, module-not-imported, module-not-measured, already-imported
"""
OPTIONS = [
    "-q", "-n", "0", "-m", "not slow and not gpu", "-p", "no:cacheprovider",
    "-p", "benchmarks.mutation.outcomes",
]  # fmt: skip


@dataclass(frozen=True)
class TestRecord:
    """Result of one test on the unmodified code.

    Attributes:
        seconds: duration under coverage, including set-up and tear-down.
        passed: whether the test passed; false if it failed or was skipped.
    """

    __test__ = False  # not a test, despite the name

    seconds: float
    passed: bool


@dataclass(frozen=True)
class LineCoverage:
    """Tests that execute each line.

    Attributes:
        tests: tests by file (path relative to the tree) and line number.
        records: result of each test.
    """

    tests: dict[str, dict[int, frozenset[str]]]
    records: dict[str, TestRecord]

    def tests_of(self, path: str, lines: range) -> list[str]:
        """The passing tests that execute any of these lines, fastest first."""
        by_line = self.tests.get(path, {})
        found = {test for line in lines for test in by_line.get(line, ())}
        return self.fastest_first(found)

    def tests_of_module(self, path: str) -> list[str]:
        """The passing tests that execute any line of a module, fastest first."""
        return self.fastest_first(
            {t for tests in self.tests.get(path, {}).values() for t in tests}
        )

    def fastest_first(self, tests: set[str]) -> list[str]:
        """Those of ``tests`` that pass on the unmodified code, fastest first."""
        passing = [test for test in tests if test in self.records and self.records[test].passed]
        return sorted(passing, key=lambda test: (self.records[test].seconds, test))


def measure(tree: Path, folder: Path) -> None:
    """Run every test file that has no data yet; the whole suite takes one core about an hour.

    Args:
        tree: an unmodified copy of the checkout.
        folder: folder of data, settings and outcomes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "settings.ini"
    settings.write_text(SETTINGS)
    files = [path.relative_to(tree).as_posix() for path in tree.glob("tests/**/test_*.py")]
    files.sort(key=lambda file: (file.startswith(SLOW), file))
    with TestRunner(tree, output=folder / "output.txt") as runner:
        for number, file in enumerate(files, start=1):
            place = folder / file.removesuffix(".py")
            done = place / "exit_code"
            if done.exists() or file in NOT_MEASURED:
                continue
            place.mkdir(parents=True, exist_ok=True)
            for left_over in place.iterdir():
                left_over.unlink()
            cov = ["--cov", f"--cov-config={settings}", "--cov-report=", "--cov-context=test"]
            environment = {
                VARIABLE: str(place / "outcomes.jsonl"), "COVERAGE_FILE": str(place / "data"),
            }  # fmt: skip
            ended = runner.run(
                [*OPTIONS, *cov, file], environment=environment, cpu_seconds=900, seconds=3600
            )
            done.write_text(str(ended.exit_code))
            print(f"{number} of {len(files)}: {file}: exit code {ended.exit_code}", flush=True)


def read(tree: Path, folder: Path) -> LineCoverage:
    """Read what has been measured so far."""
    from coverage import CoverageData

    tests: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    records: dict[str, TestRecord] = {}
    for place in sorted(path.parent for path in folder.rglob("exit_code")):
        for line in (place / "outcomes.jsonl").read_text().splitlines():
            row = json.loads(line)
            records[row["test"]] = TestRecord(row["seconds"], row["outcome"] == "passed")
        for file in place.glob("data*"):
            data = CoverageData(basename=str(file))
            data.read()
            for measured in data.measured_files():
                path = _relative(measured, tree)
                for number, contexts in data.contexts_by_lineno(measured).items():
                    tests[path][number] |= {test for c in contexts if (test := _test_of(c))}
    frozen = {
        path: {number: frozenset(found) for number, found in lines.items()}
        for path, lines in tests.items()
    }
    return LineCoverage(frozen, records)


def _relative(measured: str, tree: Path) -> str:
    """Path relative to the tree; ``evonas/rules`` is a link, so it becomes ``rules/…``."""
    path = Path(measured).resolve()
    return (
        path.relative_to(tree.resolve()).as_posix()
        if path.is_relative_to(tree.resolve())
        else measured
    )


def _test_of(context: str) -> str:
    """The test in a context: ``test|call`` from pytest-cov, ``test (call)`` from a command."""
    static, _, rest = context.partition("|")
    if " (" in static and static.endswith(")"):
        return static.rsplit(" (", 1)[0]
    name = context.rpartition("|")[0]
    return name.strip("|") if rest else ""
