"""Progress without a terminal prints one full line per generation; bars for the rest."""

from io import StringIO

from rich.console import Console

from evonas.api.notebook_bar import bar_html, clock
from evonas.api.progress_bar import progress_display
from evonas.api.progress_text import describe, readable
from evonas.study.results.progress import Progress


def at(done: int, generation: int, *, failures: int = 0) -> Progress:
    best = {"acc": 0.5, "params": 1_234_567.0}
    return Progress(
        done, 4, 3 * done, 20, failures, generation, best, 0.25 if generation else None, 2
    )


def test_each_finished_generation_prints_one_line() -> None:
    out = StringIO()
    with progress_display(Console(file=out, width=20), is_quiet=False) as show:
        for progress in (at(1, 0), at(2, 0), at(3, 1), at(4, 1, failures=3)):
            show(progress)
    assert out.getvalue().splitlines() == [
        "generation 1: 2/4 · front 2 · acc 0.5000 · params 1,234,567",
        "generation 2: 4/4 · front 2 · hv 0.2500 · acc 0.5000 · params 1,234,567 · failed 3",
    ]


def test_terminal_bar_shows_the_same_description() -> None:
    out = StringIO()
    console = Console(file=out, width=150, force_terminal=True)
    with progress_display(console, is_quiet=False) as show:
        show(at(3, 1))
    assert describe(at(3, 1)) in out.getvalue()
    assert "generation 2" in out.getvalue()
    assert "3/4" in out.getvalue()


def test_fractions_have_four_decimals_and_counts_none() -> None:
    assert [readable(value) for value in (0.12345, 1.0, 0.0, 5606.0)] == [
        "0.1235", "1.0000", "0.0000", "5,606",
    ]  # fmt: skip


def test_notebook_bar_shows_remaining_time() -> None:
    html = bar_html(at(2, 1), seconds=30.0)  # 6 of 20 epochs took 30 seconds
    assert 'value="6" max="20"' in html
    assert "2/4 trainings, 0:30 elapsed, 1:10 left" in html
    assert describe(at(2, 1)) in html
    assert [clock(s) for s in (59.6, 3600.0, 3725.0)] == ["1:00", "1:00:00", "1:02:05"]
