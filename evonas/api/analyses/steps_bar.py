"""A bar for work of a known number of steps."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from evonas.api.terminal.bar_columns import counting_bar

Steps = Callable[[int], None]
"""Call it with the number of steps just completed."""


@contextmanager
def steps_bar(title: str, total: int, *, console: Console, is_shown: bool) -> Iterator[Steps]:
    """A bar with the time left, where there is a terminal.

    Args:
        title: text before the bar.
        total: steps.
        console: console to draw on.
        is_shown: False for nothing at all.
    """
    if not is_shown or not console.is_terminal:
        yield lambda _: None
        return
    with counting_bar(console, title=title, unit="steps") as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.advance(task, done)
