"""What the tests of commands share."""

from collections.abc import Callable

import pytest

from evonas.cli import main


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Runs a command line that ends in ``code``; what it printed, where not 0 on stderr."""

    def called(*arguments: str, code: int = 0) -> str:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        printed = capsys.readouterr()
        assert left.value.code == code, printed.err
        assert "Traceback" not in printed.err
        return printed.err if code else printed.out

    return called
