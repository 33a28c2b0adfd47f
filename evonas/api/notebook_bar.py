"""A progress bar in a notebook; it needs IPython, which every notebook has, and no widgets."""

import time
from html import escape
from typing import Any, final

from evonas.api.progress_text import describe
from evonas.study.results.progress import Progress


@final
class NotebookBar:
    """One cell output, updated after every candidate."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._handle: Any = None

    def show(self, progress: Progress) -> None:
        """Draw the bar, or redraw it."""
        from IPython.display import HTML, display

        drawn = HTML(bar_html(progress, seconds=time.monotonic() - self._start))
        if self._handle is None:
            self._handle = display(drawn, display_id=True)
        else:
            self._handle.update(drawn)


def bar_html(progress: Progress, *, seconds: float) -> str:
    """The bar as HTML.

    Args:
        progress: progress of the run.
        seconds: since this process started working on it.
    """
    done = f"{progress.done}/{progress.total} trainings"
    return (
        f'<progress value="{progress.epochs_done}" max="{progress.epochs_total}" '
        f'aria-label="epochs trained"></progress> generation {progress.generation + 1}, {done}, '
        f"{clock(seconds)} elapsed, {clock(seconds_left(progress, seconds=seconds))} left<br>"
        f"{escape(describe(progress))}"
    )


def seconds_left(progress: Progress, *, seconds: float) -> float:
    """Time for the remaining epochs at the pace so far."""
    missing = progress.epochs_total - progress.epochs_done
    return seconds * missing / progress.epochs_done if progress.epochs_done else 0.0


def clock(seconds: float) -> str:
    """``m:ss``, or ``h:mm:ss`` from one hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
