"""An output stream that never interrupts work: no failed write is worth losing a search.

The reader of a pipe may leave, the disk of a log may be full, a terminal may support only ASCII,
and a process may have been started without any output.
"""

import io
import os
import sys
from contextlib import suppress
from typing import IO, TextIO, cast, final

PLAIN = str.maketrans({"·": "-", "±": "+-", "≈": "~", "…": "...", "•": "*"})


def plain(text: str, encoding: str) -> str:
    """The text, with characters missing from ``encoding`` replaced by similar ones or ``?``."""
    return text.translate(PLAIN).encode(encoding, errors="replace").decode(encoding)


@final
class Output(io.TextIOBase):
    """A stream that wraps another one.

    Args:
        stream: the stream to write to, such as ``sys.stdout``; None if the process has none.
        goes_on: whether to ignore failed writes. Otherwise they raise. Characters that the
            stream's encoding lacks are replaced either way.
    """

    def __init__(self, stream: TextIO | None, *, goes_on: bool) -> None:
        super().__init__()
        self._stream = stream
        self._goes_on = goes_on

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def fileno(self) -> int:
        """The file descriptor of the stream.

        Raises:
            OSError: it has none.
        """
        if self._stream is None:
            raise OSError("no output")
        return self._stream.fileno()

    def writable(self) -> bool:
        """Always True: what cannot be written is dropped."""
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
        if isinstance(problem, BrokenPipeError | ValueError):  # permanently gone
            stream, self._stream = self._stream, None
            if isinstance(problem, BrokenPipeError) and stream is not None:
                discard(stream)


def shown_on_stdout() -> IO[str]:
    """Standard output for commands that only display."""
    return cast(IO[str], Output(sys.stdout, goes_on=False))


def dropped_if_unwritable() -> IO[str]:
    """Standard output for work that continues even if its output fails."""
    return cast(IO[str], Output(sys.stdout, goes_on=True))


def discard(stream: TextIO) -> None:
    """Discard buffered and later output, which Python would fail to flush at exit."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
