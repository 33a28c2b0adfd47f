"""The consoles of commands and of bars."""

from typing import IO

from rich.console import Console

from evonas.api.terminal.output import dropped_if_unwritable, shown_on_stdout


class ReaderGoneError(BrokenPipeError):
    """The reader of our output has left, as ``head`` does."""


class TerminalConsole(Console):
    """Standard output, where a reader that has left is an error to be told of, not an exit."""

    def on_broken_pipe(self) -> None:
        """What is called when the reader of a pipe has left.

        Raises:
            ReaderGoneError: always.
        """
        raise ReaderGoneError


def showing(*, quiet: bool = False) -> Console:
    """For what does nothing but show: it ends when its reader leaves.

    Args:
        quiet: whether nothing is shown.
    """
    return _plain_console(shown_on_stdout(), quiet=quiet)


def working(*, quiet: bool = False) -> Console:
    """For what works and shows how far it is: the work goes on whatever becomes of the output.

    Args:
        quiet: whether nothing is shown.
    """
    return _plain_console(dropped_if_unwritable(), quiet=quiet)


def _plain_console(file: IO[str], *, quiet: bool) -> TerminalConsole:
    # What is printed holds names of files, classes and spaces: "[red]" or ":x:" in one is a name.
    return TerminalConsole(file=file, quiet=quiet, markup=False, emoji=False, highlight=False)


def say(console: Console, text: str, *, end: str = "\n") -> None:
    """Print text as it is, not wrapped.

    Args:
        console: to print on.
        text: one line or several.
        end: what follows it.
    """
    console.print(text, end=end, soft_wrap=True)
