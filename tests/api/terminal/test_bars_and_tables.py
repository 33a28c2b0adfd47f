"""Narrow terminals show counts, times and keys in full."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from evonas.api import progress_bar
from evonas.api.analyses.steps_bar import steps_bar
from evonas.api.checks.reading_bar import reading_bar
from evonas.api.progress_bar import (
    audit_display,
    confirmation_display,
    count_display,
    progress_display,
)
from evonas.api.terminal.tables import print_table
from evonas.evaluation.data.folder.watching import tell
from evonas.study.results.progress import Progress

KEY = "0123456789abcdef"
LONG = Progress(1037, 1200, 3, 20, 2, 17, {"acc": 0.5, "params": 1_234_567.0}, 0.25, 12)
TIMES = re.compile(r"\d:\d\d:\d\d elapsed, (?:\d:\d\d|-:--):(?:\d\d|--) left")


def terminal(width: int) -> tuple[Console, StringIO]:
    out = StringIO()
    return Console(file=out, width=width, force_terminal=True, color_system=None), out


def last_line(out: StringIO) -> str:
    return (
        re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", out.getvalue()).replace("\r", "\n").split("\n")[-2]
    )


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_progress_bar_shows_count_and_times_at_any_width(width: int) -> None:
    console, out = terminal(width)
    with progress_display(console, is_quiet=False) as show:
        show(LONG)
    line = last_line(out)
    assert len(line) <= width
    assert line.startswith("generation 18 ")
    assert "1037/1200" in line
    assert TIMES.search(line)
    assert ("front 12" in line) == (width >= 100)


def test_count_bar_shows_count_and_times_and_starts_without_total() -> None:
    console, out = terminal(60)
    with count_display(console, title="auditing", unit="networks", is_quiet=False) as show:
        pass
    assert "0/? networks" in last_line(out)
    console, out = terminal(60)
    with count_display(console, title="auditing", unit="networks", is_quiet=False) as show:
        show(3, 8)
    assert "3/8 networks" in last_line(out)
    assert TIMES.search(last_line(out))


def test_count_bars_say_what_they_count() -> None:
    for display, title, unit in (
        (confirmation_display, "confirming the front", "trainings"),
        (audit_display, "auditing the front", "networks"),
    ):
        console, out = terminal(100)
        with display(console, is_quiet=True) as show:
            show(1, 2)
        assert out.getvalue() == ""
        with display(console, is_quiet=False) as show:
            show(1, 2)
        assert last_line(out).startswith(f"{title} ")
        assert f" 1/2 {unit} " in last_line(out)


def test_steps_bar_adds_up_the_steps_of_each_call() -> None:
    console, out = terminal(100)
    with steps_bar("measuring", 9, console=console, is_shown=False) as step:
        step(2)
    assert out.getvalue() == ""
    with steps_bar("measuring", 9, console=console, is_shown=True) as step:
        step(2)
        step(5)
    assert last_line(out).startswith("measuring ")
    assert " 7/9 steps " in last_line(out)
    piped = Console(file=StringIO(), width=100)
    with steps_bar("measuring", 9, console=piped, is_shown=True) as step:
        step(2)
    assert piped.file.getvalue() == ""  # type: ignore[attr-defined]


def test_reading_bar_appears_with_the_first_image_that_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console, out = terminal(100)
    monkeypatch.setattr(progress_bar, "working", lambda: console)
    with reading_bar(is_quiet=True):
        tell(3, 8)
    with reading_bar(is_quiet=False):
        pass
    tell(3, 8)
    assert out.getvalue() == ""
    with reading_bar(is_quiet=False):
        tell(3, 8)  # one part
        tell(2, 5)
        tell(5, 5)  # another
    assert last_line(out).startswith("Reading ")
    assert " 5/5 images " in last_line(out)
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_table_wraps_but_cuts_no_word(width: int) -> None:
    console, out = terminal(width)
    table = Table("key", "test robust", "weights by rule, %", "masking", "collapsed", box=None)
    table.columns[0].no_wrap = True
    table.add_row(KEY, "0.123±0.004 0.567±0.008", "usf 73, kp 20, dfa 7", "none", "0 of 3")
    print_table(console, table)
    words = out.getvalue().split()
    assert {KEY, "0.123±0.004", "0.567±0.008", "usf", "masking", "collapsed"} <= set(words)
    assert "…" not in out.getvalue()


@pytest.mark.parametrize("width", [20, 60, 200])
def test_table_cuts_no_cell_of_fixed_columns(width: int) -> None:
    console, out = terminal(width)
    table = Table(box=None)
    for name in ("key", "acc", "robust", "params", "other key"):
        table.add_column(name, no_wrap=True)
    table.add_row(KEY, "0.123±0.004", "0.123±0.004", "one of two", KEY)
    print_table(console, table)
    row = out.getvalue().splitlines()[1]
    assert row.split() == [
        KEY,
        "0.123±0.004",
        "0.123±0.004",
        "one",
        "of",
        "two",
        KEY,
    ]
