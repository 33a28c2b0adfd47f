"""The columns of a progress bar: a narrow terminal shrinks the bar, not counts and times."""

from datetime import timedelta
from typing import final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

WIDE_COLUMNS = 100  # from this width, a state fits next to the bar


@final
class Times(ProgressColumn):
    """``0:01:10 elapsed, 0:00:30 left``: two times that cannot be confused."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """The elapsed and remaining time of a task."""
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(f"{_clock(elapsed)} elapsed, {_clock(task.time_remaining)} left")


@final
class Count(ProgressColumn):
    """``3/8 networks``.

    Args:
        unit: unit of what is counted, in the plural.
    """

    def __init__(self, unit: str) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The count of a task."""
        total = "?" if task.total is None else f"{task.total:.0f}"
        return Text(f"{task.completed:.0f}/{total} {self._unit}".rstrip())


def fixed(text: str) -> TextColumn:
    """A text that is never truncated."""
    return TextColumn(text, table_column=Column(no_wrap=True))


def flexible_bar() -> BarColumn:
    """A bar that takes the remaining width."""
    return BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4))


def counting_bar(console: Console, *, title: str, unit: str) -> Progress:
    """Title, bar, count and times.

    Args:
        console: console to draw on.
        title: before the bar.
        unit: unit of what is counted, in the plural.
    """
    return Progress(
        fixed(f"[bold]{title}"),
        flexible_bar(),
        Count(unit),
        Times(),
        console=console,
        expand=console.width < WIDE_COLUMNS,
    )


def _clock(seconds: float | None) -> str:
    return "-:--:--" if seconds is None else str(timedelta(seconds=max(0, int(seconds))))
