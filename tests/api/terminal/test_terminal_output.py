"""Streams that fail in every possible way, and a stream with a limited encoding."""

import errno
import io

import pytest

from evonas.api.terminal.output import Output, plain


class Failing(io.StringIO):
    """Every write and flush raises."""

    def __init__(self, problem: Exception) -> None:
        super().__init__()
        self.problem = problem
        self.attempts = 0

    def write(self, _: str) -> int:
        self.attempts += 1
        raise self.problem

    def flush(self) -> None:
        if not self.closed:
            raise self.problem


PROBLEMS = [
    BrokenPipeError(errno.EPIPE, "Broken pipe"),
    OSError(errno.ENOSPC, "No space left on device"),
    BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
    ValueError("I/O operation on closed file"),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda each: type(each).__name__)
def test_long_commands_drop_unwritable_output_and_display_commands_raise(
    problem: Exception,
) -> None:
    steady = Output(Failing(problem), goes_on=True)
    assert steady.write("text") == 4
    steady.flush()
    with pytest.raises(type(problem)):
        Output(Failing(problem), goes_on=False).write("text")


def test_closed_pipe_is_not_retried_but_full_disk_is() -> None:
    """A disk may have space again later; a closed pipe stays closed."""
    for problem, attempts in ((PROBLEMS[0], 1), (PROBLEMS[1], 3)):
        stream = Failing(problem)
        output = Output(stream, goes_on=True)
        for _ in range(3):
            output.write("text")
        assert stream.attempts == attempts


@pytest.mark.parametrize("goes_on", [False, True])
def test_characters_missing_from_encoding_are_replaced(goes_on: bool) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    output = Output(stream, goes_on=goes_on)
    output.write("front 2 · acc 0.5±0.1 ≈ 日\n")
    output.flush()
    assert raw.getvalue() == b"front 2 - acc 0.5+-0.1 ~ ?\n"
    assert plain("0.5±0.1", "latin-1") == "0.5+-0.1"


def test_missing_stdout_is_tolerated() -> None:
    output = Output(None, goes_on=False)
    assert output.write("text") == 4
    output.flush()
    assert not output.isatty()
    assert output.encoding == "utf-8"
