"""The types that options are declared with: the oracle is pydantic.

Where pydantic is loaded, as MLflow does, cyclopts uses it to check every value, and every
default, against its type.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import pydantic
import pytest
from cyclopts import App

from evonas.cli import main
from evonas.cli.app import make_app


def commands(app: App) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in app:
        if name.startswith("-"):
            continue
        command = app[name].default_command
        if command is not None:
            yield name, command
        yield from ((f"{name} {below}", each) for below, each in commands(app[name]))


COMMANDS = dict(commands(make_app()))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_default_has_the_declared_type(name: str) -> None:
    parameters = inspect.signature(COMMANDS[name]).parameters
    hints = {each.name: each.annotation for each in parameters.values()}
    if not hasattr(COMMANDS[name], "__signature__"):
        hints = get_type_hints(COMMANDS[name], include_extras=True)
    for each in parameters.values():
        if each.default is not each.empty:
            pydantic.TypeAdapter(hints[each.name]).validate_python(each.default)


def test_run_options_parse_with_pydantic_loaded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["run", "--space", "tiny", "--objectives", "acc,params", "--print-config"])
    assert end.value.code == 0
    assert "space: tiny" in capsys.readouterr().out
