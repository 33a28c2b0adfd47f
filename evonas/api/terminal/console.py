"""The consoles of commands and of bars."""

from typing import IO

from rich.console import Console

from evonas.api.terminal.output import dropped_if_unwritable, shown_on_stdout


class ReaderGoneError(BrokenPipeError):
    """The reader of our output has closed the pipe, as ``head`` does."""


class TerminalConsole(Console):
    """Standard output on which a closed pipe raises an error instead of exiting."""

    def on_broken_pipe(self) -> None:
        """Called when the reader of a pipe has closed it.

        Raises:
            ReaderGoneError: always.
        """
        raise ReaderGoneError


def showing(*, quiet: bool = False) -> Console:
    """A console for commands that only display: they end when their reader leaves.

    Args:
        quiet: whether to show nothing.
    """
    return _plain_console(shown_on_stdout(), quiet=quiet)


def working(*, quiet: bool = False) -> Console:
    """A console for work with progress: the work continues even if the output fails.

    Args:
        quiet: whether to show nothing.
    """
    return _plain_console(dropped_if_unwritable(), quiet=quiet)


def _plain_console(file: IO[str], *, quiet: bool) -> TerminalConsole:
    # Printed text contains names of files, classes and spaces; "[red]" or ":x:" there is literal.
    return TerminalConsole(file=file, quiet=quiet, markup=False, emoji=False, highlight=False)


def say(console: Console, text: str, *, end: str = "\n") -> None:
    """Print text as it is, not wrapped.

    Args:
        console: console to print on.
        text: one line or several.
        end: text printed after it.
    """
    console.print(text, end=end, soft_wrap=True)
