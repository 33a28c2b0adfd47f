"""From the arguments of ``evonas compare`` to tables and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isnan
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evonas.api.terminal.console import say
from evonas.api.terminal.json_output import print_json
from evonas.api.terminal.tables import print_table
from evonas.benchmarking.comparison import Comparison, compare_courses, compare_records
from evonas.benchmarking.scores import read_scores
from evonas.benchmarking.statistics import least_p
from evonas.benchmarking.table import read_numbers
from evonas.benchmarking.trajectory import read_trajectories
from evonas.cli.measuring.normalisation import describe_normaliser
from evonas.errors import ConfigError, DataError
from evonas.evaluation.objectives import OBJECTIVES
from evonas.report.comparison_plots import (
    ATTAINMENT_PICTURE,
    COURSE_PICTURE,
    draw_attainment,
    draw_trajectories,
)
from evonas.report.comparison_tables import write_comparison
from evonas.search.pareto import Vector

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class _Compared:
    """A comparison, its objectives (none for benches), and remarks."""

    comparison: Comparison
    objectives: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def signs(self) -> tuple[float, ...]:
        return tuple(OBJECTIVES[name].minimised(1.0) for name in self.objectives)


def compare_and_show(
    console: Console,
    runs: Sequence[Path],
    *,
    reference: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Compare, print, and write into ``out`` if it is given.

    Raises:
        InputError: a subclass that names the problem; nothing is written then.
    """
    if not runs:
        raise ConfigError("runs: expected folders of runs, or files of evonas bench, got none")
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"out: expected a folder, {out} is a file")
    compared = _compare(runs, reference=reference)
    if as_json:
        print_json(console, _document(compared))
    else:
        _introduce(console, compared)
        _show_groups(console, compared.comparison)
        _show_tests(console, compared.comparison)
    if out is not None:
        _write(Console(quiet=True) if as_json else console, compared, out=out)


def _document(compared: _Compared) -> dict[str, object]:
    comparison = compared.comparison
    return {
        "objectives": compared.objectives,
        "evaluations": comparison.runs[0].evaluations[-1],
        "groups": comparison.summaries(),
        "tests": comparison.tests(),
        "notes": compared.notes,
    }


def _compare(runs: Sequence[Path], *, reference: Path | None) -> _Compared:
    files = [path for path in runs if path.suffix == ".json"]
    if files and len(files) < len(runs):
        raise ConfigError("runs: expected either run folders or files of evonas bench, got both")
    if files:
        if reference is not None:
            raise ConfigError(
                "reference: not for files of evonas bench, whose reference is the "
                "true front of their table"
            )
        return _Compared(compare_records({str(file): read_scores(file) for file in files}), ())
    trajectories, objectives, unlabelled_differences = read_trajectories(runs)
    front = None if reference is None else _read_front(reference, objectives)
    notes = [f"{t.name}: {t.nothing_on_front}" for t in trajectories if t.nothing_on_front]
    if unlabelled_differences:
        notes.append(
            f"the groups differ in other settings too: {', '.join(unlabelled_differences)}"
        )
    return _Compared(compare_courses(trajectories, reference=front), objectives, tuple(notes))


def _read_front(path: Path, objectives: Sequence[str]) -> list[Vector]:
    """The rows of a CSV file such as ``pareto.csv``, to be minimised."""
    rows = [list(values.values()) for _, _, values in read_numbers(path, objectives)]
    whole = [[value for value in row if value is not None] for row in rows]
    found = [row for row in whole if len(row) == len(objectives)]
    if not found:
        raise DataError(f"{path}: no row has a value for {', '.join(objectives)}")
    return [
        tuple(
            OBJECTIVES[name].minimised(value) for name, value in zip(objectives, row, strict=True)
        )
        for row in found
    ]


def _introduce(console: Console, compared: _Compared) -> None:
    comparison = compared.comparison
    counts = {label: len(comparison.values(label, "auc")) for label in comparison.labels}
    lines = [
        ", ".join(f"{label}: {count} run{'s' * (count > 1)}" for label, count in counts.items())
        + f"; compared at {comparison.runs[0].evaluations[-1]} evaluations"
    ]
    if comparison.normaliser is not None:
        ends = describe_normaliser(
            comparison.normaliser, names=compared.objectives, signs=compared.signs
        )
        lines.append(f"normalised: {ends}")
    lines += compared.notes
    lines += _too_few(counts)
    for line in lines:
        say(console, line)


def _too_few(counts: Mapping[str, int]) -> list[str]:
    """Which groups have too few runs for any difference between them to be significant."""
    least = {pair: least_p(*(counts[label] for label in pair)) for pair in combinations(counts, 2)}
    if least and len(least) * min(least.values()) >= SIGNIFICANT:
        return [f"too few runs: no difference can be significant at {SIGNIFICANT} after Holm"]
    return [
        f"too few runs of {' and '.join(pair)}: their difference cannot be significant at "
        f"{SIGNIFICANT}"
        for pair, p in least.items()
        if p >= SIGNIFICANT
    ]


def _show_groups(console: Console, comparison: Comparison) -> None:
    table = Table("measure", "group", "runs", "mean", "95 % interval", "median", box=None)
    for row in comparison.summaries():
        interval = f"{row.low:.4g} to {row.high:.4g}"
        table.add_row(
            row.measure,
            row.group,
            str(row.num_runs),
            f"{row.mean:.4g}",
            interval,
            f"{row.median:.4g}",
        )
    print_table(console, table)


def _show_tests(console: Console, comparison: Comparison) -> None:
    tests = comparison.tests()
    if not tests:
        return
    table = Table("measure", "first", "second", "difference", "A12", "p", "p (Holm)", box=None)
    for test in tests:
        table.add_row(
            test.measure,
            test.first,
            test.second,
            "-" if isnan(test.difference) else f"{test.difference:+.4g}",
            f"{test.superiority:.2f}",
            f"{test.p:.2g}",
            f"{test.p_holm:.2g}",
        )
    print_table(console, table)
    say(
        console,
        "A12: probability that a run of the first group beats one of the second (for values: is "
        "larger)\n"
        "p: Mann-Whitney, two-sided; p (Holm): adjusted for all pairs of a measure",
    )


def _write(console: Console, compared: _Compared, *, out: Path) -> None:
    written = write_comparison(
        compared.comparison, out, objectives=compared.objectives, signs=compared.signs
    )
    draw_trajectories(compared.comparison, path=out / COURSE_PICTURE)
    written.append(out / COURSE_PICTURE)
    if len(compared.objectives) == 2:
        draw_attainment(compared.comparison, compared.objectives, path=out / ATTAINMENT_PICTURE)
        written.append(out / ATTAINMENT_PICTURE)
    names = " ".join(path.name for path in written)
    say(console, f"{out}: {names}")
