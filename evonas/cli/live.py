"""The progress of a run in the terminal: a bar with the best front so far and the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import (
    Progress as Bar,
)

from evonas.study.progress import Progress


@contextmanager
def progress_bar(console: Console, *, is_quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A function to call after every candidate; it draws, or in quiet mode does nothing.

    The bar and the time left count epochs of training. Where the output is no terminal, one line
    is printed for every generation instead of a bar.
    """
    if is_quiet:
        yield lambda _: None
    elif not console.is_terminal:
        lines = _Lines(console)
        yield lines.show
        lines.end()
    else:
        with Bar(
            TextColumn("[bold]generation {task.fields[generation]}"),
            BarColumn(),
            TextColumn("{task.fields[candidates]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[state]}"),
            console=console,
            expand=True,
        ) as bar:
            task = bar.add_task("", total=None, generation=1, candidates="", state="")
            yield lambda progress: bar.update(
                task,
                total=progress.epochs_total,
                completed=progress.epochs_done,
                candidates=f"{progress.done}/{progress.total}",
                generation=progress.generation + 1,
                state=describe(progress),
            )


def describe(progress: Progress) -> str:
    """Front, hypervolume, best of each objective and failures, on one line."""
    parts = [f"front {progress.front_size}"]
    if progress.hypervolume is not None:
        parts.append(f"hv {progress.hypervolume:.4f}")
    parts += [f"{name} {readable(value)}" for name, value in progress.best.items()]
    if progress.failures:
        parts.append(f"failed {progress.failures}")
    return " · ".join(parts)


def readable(value: float) -> str:
    """A share with four digits behind the point, a count whole."""
    return f"{value:,.0f}" if value > 1 else f"{value:.4f}"


class _Lines:
    """A line when a generation is over: when the next one is reported of, or at the end."""

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
            highlight=False,
            soft_wrap=True,
        )
