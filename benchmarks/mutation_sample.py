"""Inject faults into the code, one at a time, and record which of them the tests detect.

    python -m benchmarks.mutation_sample FOLDER --count 100 --seed 0

For each fault, a module of evonas is drawn (none twice while there are others), then a place in
it, then a change (``benchmarks/mutation/sites.py``). The fault is written into a copy of the tree.
The test files most related to the module are run, nearest first, until a test fails or the time is
over. Undetected faults are tried again at the end, with four times as many files and four times
the time.

FOLDER/faults.jsonl has one line per trial; an interrupted call continues after the last line. A
fault counts as caught only if the test that caught it passes without any fault.

With ``--measure``, every test file is first run under coverage.py, which takes an hour; the result
is kept in FOLDER. In measured files, tests that execute the faulty line run first, and files
without such a test are skipped.
"""

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.mutation import line_coverage
from benchmarks.mutation.line_coverage import LineCoverage
from benchmarks.mutation.outcomes import VARIABLE
from benchmarks.mutation.related_tests import RelatedTests, sources
from benchmarks.mutation.sites import Fault, draw_fault
from benchmarks.mutation.test_runner import Ended, TestRunner, copy_tree

ROOT = Path(__file__).parents[1]
OPTIONS = [*line_coverage.OPTIONS, "-x", "--no-header", "--tb=line"]
FARTHER = 4  # factor of files and seconds in the second attempt at undetected faults
CAUGHT, SURVIVED, NO_TIME, UNSURE = "caught", "survived", "out of time", "unsure"


@dataclass(frozen=True)
class Row:
    """Outcome of one fault.

    Attributes:
        number: number of the fault, from 0.
        module: path of the file.
        lines: first and last line of the statement.
        before: original code.
        after: faulty code.
        outcome: caught, survived or out of time (no test failed, or one hung).
        by: the test that failed; a failed collection does not count as a test.
        cpu_seconds: CPU time of the tests.
        files: test files that were run, nearest first.
    """

    number: int
    module: str
    lines: tuple[int, int]
    before: str
    after: str
    outcome: str
    by: str
    cpu_seconds: float
    files: tuple[str, ...]


def drawn(tree: Path, *, count: int, seed: int) -> Iterator[tuple[int, Path, Fault]]:
    """Draw the faults of a seed, which are the same in every call."""
    rng = random.Random(seed)
    modules = sources(tree)
    number = 0
    while True:
        for path in rng.sample(modules, len(modules)):
            if number == count:
                return
            own = random.Random(f"{seed} {path.relative_to(tree)} {number}")
            fault = draw_fault(path.read_text(encoding="utf-8"), rng=own)
            if fault is not None:
                yield number, path, fault
                number += 1


def selected(path: str, fault: Fault, files: list[str], coverage: LineCoverage) -> list[str]:
    """The arguments of pytest: files, or for measured files the tests that execute the line.

    The other tests of a measured file come after these, because a shared fixture or a cached value
    is recorded only for the first test that uses it.
    """
    tests = coverage.tests_of(path, range(fault.lines[0], fault.lines[1] + 1))
    near = [test for test in tests if test.partition("::")[0] in files]
    executing = {test.partition("::")[0] for test in near}
    rest = [
        test
        for test in coverage.fastest_first(set(coverage.records))
        if test.partition("::")[0] in executing and test not in near
    ]
    measured = {test.partition("::")[0] for test in coverage.records}
    return [*near, *rest, *(file for file in files if file not in measured)]


@contextmanager
def put_into(path: Path, code: str, *, backup: Path) -> Iterator[None]:
    """Replace a module's code within this context; first undo what a killed process left."""
    put_back(backup)
    own = path.read_text(encoding="utf-8")
    backup.write_text(json.dumps({"path": str(path), "code": own}), encoding="utf-8")
    path.write_text(code, encoding="utf-8")
    try:
        yield
    finally:
        put_back(backup)


def put_back(backup: Path) -> None:
    """Restore the module's own code if there is a backup."""
    if backup.exists():
        kept = json.loads(backup.read_text(encoding="utf-8"))
        Path(kept["path"]).write_text(kept["code"], encoding="utf-8")
        backup.unlink()


def try_fault(
    runner: TestRunner, tests: list[str], *, outcomes: Path, cpu_seconds: float
) -> tuple[str, str, Ended]:
    """The outcome, the test that failed, and how pytest ended."""
    outcomes.unlink(missing_ok=True)
    ended = runner.run(
        [*OPTIONS, *tests], environment={VARIABLE: str(outcomes)}, cpu_seconds=cpu_seconds,
        seconds=10 * cpu_seconds,
    )  # fmt: skip
    rows = outcomes.read_text(encoding="utf-8").splitlines() if outcomes.exists() else []
    failed = [row["test"] for row in map(json.loads, rows) if row["outcome"] == "failed"]
    if failed or ended.exit_code not in (0, 5, None):
        return CAUGHT, failed[0] if failed else f"exit code {ended.exit_code}", ended
    return (NO_TIME if ended.exit_code is None else SURVIVED), "", ended


def sample(folder: Path, arguments: argparse.Namespace) -> list[Row]:
    """Outcomes of all faults, including those of earlier calls."""
    tree = folder / "tree"
    if not tree.exists():
        copy_tree(ROOT, tree)
    put_back(folder / "backup.json")
    if arguments.measure:
        line_coverage.measure(tree, folder / "coverage")
    coverage = line_coverage.read(tree, folder / "coverage")
    related = RelatedTests(tree)
    log = folder / "faults.jsonl"
    with TestRunner(tree, output=folder / "output.txt") as runner:

        def tried(number: int, path: Path, fault: Fault, files: list[str], cpu: float) -> Row:
            module = path.relative_to(tree).as_posix()
            tests = selected(module, fault, files, coverage)
            with put_into(path, fault.code, backup=folder / "backup.json"):
                outcome, by, ended = try_fault(
                    runner, tests, outcomes=folder / "outcomes.jsonl", cpu_seconds=cpu
                )
            row = Row(
                number, module, fault.lines, fault.before.strip(), fault.after.strip(), outcome,
                by, round(ended.cpu_seconds, 1), tuple(files),
            )  # fmt: skip
            with log.open("a") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            print(f"{number}: {module}:{fault.lines[0]}: {outcome} {by}", flush=True)
            return row

        rows = read_rows(log)
        for times in (1, FARTHER):
            for number, path, fault in drawn(tree, count=arguments.count, seed=arguments.seed):
                known = rows.get(number)
                if known is not None and (times == 1 or known.outcome == CAUGHT):
                    continue
                files = related.of(path, tree=tree, count=times * arguments.files)
                if known is None or known.files != tuple(files):
                    cpu_seconds = times * arguments.cpu_seconds
                    rows[number] = tried(number, path, fault, files, cpu_seconds)
        return confirmed(list(rows.values()), runner, folder)


def confirmed(rows: list[Row], runner: TestRunner, folder: Path) -> list[Row]:
    """The rows, in which faults caught by a test that fails without a fault are unsure."""
    tests = sorted({row.by for row in rows if "::" in row.by})
    outcomes = folder / "without.jsonl"
    outcomes.unlink(missing_ok=True)
    options = [option for option in OPTIONS if option != "-x"]
    runner.run(
        [*options, *tests], environment={VARIABLE: str(outcomes)}, cpu_seconds=3600, seconds=7200
    )
    told = map(json.loads, outcomes.read_text().splitlines()) if outcomes.exists() else ()
    passing = {row["test"] for row in told if row["outcome"] == "passed"}
    return [
        replace(row, outcome=UNSURE) if "::" in row.by and row.by not in passing else row
        for row in rows
    ]


def read_rows(log: Path) -> dict[int, Row]:
    """The latest rows of earlier calls, keyed by number; ignores a truncated last line."""
    rows: dict[int, Row] = {}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        try:
            found = json.loads(line)
        except ValueError:
            break
        row = Row(**{**found, "lines": tuple(found["lines"]), "files": tuple(found["files"])})
        rows[row.number] = row
    return rows


def main() -> None:
    """Try the faults, and print those that survived."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of the copy and the outcomes")
    parser.add_argument("--count", type=int, default=100, help="number of faults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--files", type=int, default=8, help="most test files per fault")
    parser.add_argument("--cpu-seconds", type=float, default=60.0, help="limit per fault")
    parser.add_argument("--measure", action="store_true", help="measure missing coverage first")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rows = sample(arguments.folder.resolve(), arguments)
    print(dict(Counter(row.outcome for row in rows)))
    for row in rows:
        if row.outcome != CAUGHT:
            print(f"{row.number}: {row.module}:{row.lines[0]}: {row.outcome} {row.by}")
            print(f"  - {row.before}\n  + {row.after}")


if __name__ == "__main__":
    main()
