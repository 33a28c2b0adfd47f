"""The columns of a progress bar: on a narrow terminal the bar gives way, not counts and times."""

from datetime import timedelta
from typing import final

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.table import Column
from rich.text import Text

WIDE_COLUMNS = 100  # from which on a state has a place beside the bar


@final
class Times(ProgressColumn):
    """``0:01:10 elapsed, 0:00:30 left``: two times that nobody can take for each other."""

    def __init__(self) -> None:
        super().__init__(table_column=Column(no_wrap=True))

    def render(self, task: Task) -> Text:
        """The times of a task."""
        elapsed = task.finished_time if task.finished else task.elapsed
        return Text(f"{_clock(elapsed)} elapsed, {_clock(task.time_remaining)} left")


@final
class Count(ProgressColumn):
    """``3/8 networks``.

    Args:
        unit: of what is counted, in the plural.
    """

    def __init__(self, unit: str) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._unit = unit

    def render(self, task: Task) -> Text:
        """The count of a task."""
        total = "?" if task.total is None else f"{task.total:.0f}"
        return Text(f"{task.completed:.0f}/{total} {self._unit}".rstrip())


def fixed(text: str) -> TextColumn:
    """A text that is never shortened."""
    return TextColumn(text, table_column=Column(no_wrap=True))


def flexible_bar() -> BarColumn:
    """A bar that takes what the others leave."""
    return BarColumn(bar_width=None, table_column=Column(ratio=1, min_width=4))


def counting_bar(console: Console, *, title: str, unit: str) -> Progress:
    """Title, bar, count and times.

    Args:
        console: to draw on.
        title: before the bar.
        unit: of what is counted, in the plural.
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
