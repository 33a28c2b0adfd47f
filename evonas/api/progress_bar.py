"""The progress of a run: a bar in terminals and notebooks, otherwise lines."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TextColumn
from rich.table import Column

from evonas.api.progress_text import describe
from evonas.api.terminal.bar_columns import (
    WIDE_COLUMNS,
    Times,
    counting_bar,
    fixed,
    flexible_bar,
)
from evonas.api.terminal.console import working
from evonas.study.results.progress import Progress

Show = Callable[[Progress], None]


@contextmanager
def progress_display(console: Console | None = None, *, is_quiet: bool) -> Iterator[Show]:
    """Return a function to call after every candidate; in quiet mode it does nothing.

    The bar and the time left count training epochs. If the output is neither a terminal nor a
    notebook, one line is printed per generation instead.

    Args:
        console: console to draw on; standard output if None.
        is_quiet: whether to show nothing.
    """
    console = console or working()
    if is_quiet:
        yield lambda _: None
    elif console.is_jupyter:
        from evonas.api.notebook_bar import NotebookBar

        yield NotebookBar().show
    elif not console.is_terminal:
        lines = _Lines(console)
        yield lines.show
        lines.end()
    else:
        with _bar(console) as bar:
            task = bar.add_task("", total=None, generation=1, candidates="", state="")
            yield lambda progress: bar.update(
                task,
                total=progress.epochs_total,
                completed=progress.epochs_done,
                candidates=f"{progress.done}/{progress.total}",
                generation=progress.generation + 1,
                state=describe(progress),
            )


def confirmation_display(
    console: Console | None = None, *, is_quiet: bool
) -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar for a confirmation: call it with the number of finished trainings and their total.

    Args:
        console: console to draw on; standard output if None.
        is_quiet: whether to show nothing.
    """
    return count_display(
        console, title="confirming the front", unit="trainings", is_quiet=is_quiet
    )


def audit_display(
    console: Console | None = None, *, is_quiet: bool
) -> AbstractContextManager[Callable[[int, int], None]]:
    """A bar for an audit: call it with the number of finished networks and their total.

    Args:
        console: console to draw on; standard output if None.
        is_quiet: whether to show nothing.
    """
    title = "auditing the front"
    return count_display(console, title=title, unit="networks", is_quiet=is_quiet)


@contextmanager
def count_display(
    console: Console | None = None, *, title: str, unit: str, is_quiet: bool
) -> Iterator[Callable[[int, int], None]]:
    """A bar for countable work: call it with the number done and the total.

    Args:
        console: console to draw on; standard output if None.
        title: text before the bar.
        unit: unit of what is counted, in the plural.
        is_quiet: whether to show nothing.
    """
    console = console or working()
    if is_quiet or not console.is_terminal:
        yield lambda *_: None
        return
    with counting_bar(console, title=title, unit=unit) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar(console: Console) -> Bar:
    is_wide = console.width >= WIDE_COLUMNS
    state = TextColumn(
        "{task.fields[state]}",
        table_column=Column(no_wrap=True, overflow="ellipsis", ratio=3),
    )
    return Bar(
        fixed("[bold]generation {task.fields[generation]}"),
        flexible_bar(),
        fixed("{task.fields[candidates]}"),
        Times(),
        *([state] if is_wide else []),
        console=console,
        expand=True,
    )


class _Lines:
    """A line after each generation: when the next one reports, or at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: Progress | None = None

    def show(self, progress: Progress) -> None:
        if self._last is not None and progress.generation > self._last.generation:
            self._print(self._last)
        self._last = progress

    def end(self) -> None:
        if self._last is not None:
            self._print(self._last)

    def _print(self, progress: Progress) -> None:
        self._console.print(
            f"generation {progress.generation + 1}: {progress.done}/{progress.total} · "
            f"{describe(progress)}",
            soft_wrap=True,
        )
