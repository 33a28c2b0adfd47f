"""Fixtures shared by the tests of commands."""

from collections.abc import Callable

import pytest

from evonas.cli import main


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line that must exit with ``code``; returns stdout, or stderr if not 0."""

    def called(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        assert left.value.code == code, printed.err
        assert "Traceback" not in printed.err
        return printed.err if code else printed.out

    return called
