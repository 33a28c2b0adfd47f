"""A stream to show things on, which ends no work: whatever it cannot write is not worth a search.

The reader of a pipe may leave, a log may lie on a full disk, a terminal may know no more than
ASCII, and a process may have been started without any output at all.
"""

import io
import os
import sys
from contextlib import suppress
from typing import IO, TextIO, cast, final

PLAIN = str.maketrans({"·": "-", "±": "+-", "≈": "~", "…": "...", "•": "*"})


def plain(text: str, encoding: str) -> str:
    """The text with what ``encoding`` lacks written by signs that it has, or as ``?``."""
    return text.translate(PLAIN).encode(encoding, errors="replace").decode(encoding)


@final
class Output(io.TextIOBase):
    """A stream in front of another one.

    Args:
        stream: to write to, such as ``sys.stdout``; None where a process has none.
        goes_on: whether a write that fails is passed over. Otherwise it raises, apart from
            characters that the stream's encoding lacks: those are replaced either way.
    """

    def __init__(self, stream: TextIO | None, *, goes_on: bool) -> None:
        super().__init__()
        self._stream = stream
        self._goes_on = goes_on

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether somebody looks on."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def fileno(self) -> int:
        """Of the stream.

        Raises:
            OSError: it has none.
        """
        if self._stream is None:
            raise OSError("no output")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Always: what cannot be written is dropped."""
        return True

    def write(self, text: str) -> int:
        """Write, or drop, the text."""
        stream = self._stream
        if stream is None:
            return len(text)
        try:
            try:
                stream.write(text)
            except UnicodeEncodeError:
                stream.write(plain(text, self.encoding))
        except (OSError, ValueError) as problem:
            self._pass_over(problem)
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as problem:
            self._pass_over(problem)

    def _pass_over(self, problem: OSError | ValueError) -> None:
        if not self._goes_on:
            raise problem
        if isinstance(problem, BrokenPipeError | ValueError):  # gone for good
            stream, self._stream = self._stream, None
            if isinstance(problem, BrokenPipeError) and stream is not None:
                discard(stream)


def shown_on_stdout() -> IO[str]:
    """Standard output for what does nothing but show."""
    return cast(IO[str], Output(sys.stdout, goes_on=False))


def dropped_if_unwritable() -> IO[str]:
    """Standard output for work that goes on whatever becomes of its output."""
    return cast(IO[str], Output(sys.stdout, goes_on=True))


def discard(stream: TextIO) -> None:
    """Send what the stream still holds, and what follows, nowhere, as Python would fail to."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
