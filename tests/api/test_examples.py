"""The examples in docstrings of the API are run; the oracle is their printed output."""

import doctest
from pathlib import Path
from typing import Any

import pytest
import torch

import evonas

SETTINGS_OF_A_RUN = ("population", "generations", "epochs", "images", "batch", "channels")


@pytest.mark.parametrize("name", [name for name in evonas.__all__ if name != "__version__"])
def test_docstring_example_of_every_public_name_runs(
    name: str, study: evonas.Study, quick: dict[str, Any], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    if name in ("Trained", "evaluate", "new_study"):  # they show no progress and use one process
        quick = {key: quick[key] for key in SETTINGS_OF_A_RUN}
    tests = doctest.DocTestParser().get_doctest(
        _docstring(name), {"evonas": evonas, "torch": torch, "study": study, "quick": quick},
        name, None, None,
    )  # fmt: skip
    assert tests.examples
    report: list[str] = []
    result = doctest.DocTestRunner(verbose=False).run(tests, out=report.append)
    assert result.failed == 0, "".join(report)


def _docstring(name: str) -> str:
    text = getattr(evonas, name).__doc__
    assert text
    return str(text)


def test_main_functions_document_arguments_and_exceptions() -> None:
    for name in ("search", "new_study", "load_study", "evaluate", "available", "Study"):
        text = _docstring(name)
        assert "Args:" in text
        assert "Raises:" in text
