"""Run pytest in a copy of the tree, without importing the slow libraries each time."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LEFT_OUT = shutil.ignore_patterns(
    ".git", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "runs", "build", "dist"
)


def copy_tree(source: Path, folder: Path) -> Path:
    """Copy the checkout without generated files; the two links stay links."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(source, folder, symlinks=True, ignore=LEFT_OUT)
    return folder


@dataclass(frozen=True)
class Ended:
    """Result of one pytest run.

    Attributes:
        exit_code: exit code; None if a time limit was exceeded.
        cpu_seconds: CPU time used.
    """

    exit_code: int | None
    cpu_seconds: float


class TestRunner:
    """Runs tests of one tree, each call in a new process.

    Args:
        tree: folder that contains ``tests/``.
        output: file to which the output of pytest is appended.
    """

    __test__ = False  # not a test, despite the name

    def __init__(self, tree: Path, *, output: Path) -> None:
        self._output = output
        environment = os.environ | {"PYTHONPATH": str(tree)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # cached bytecode serves all forks
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.mutation.forked_pytest"], cwd=tree, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def run(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        cpu_seconds: float,
        seconds: float,
    ) -> Ended:
        """Run pytest.

        Args:
            arguments: command-line arguments of pytest.
            environment: additional environment variables.
            cpu_seconds: limit of CPU time.
            seconds: limit of wall-clock time.
        """
        order = {
            "arguments": list(arguments), "environment": dict(environment), "seconds": seconds,
            "cpu_seconds": cpu_seconds, "output": str(self._output),
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        reply = self._process.stdout.readline()
        if not reply:
            raise RuntimeError(f"the process that runs the tests has ended; see {self._output}")
        return Ended(**json.loads(reply))

    def __enter__(self) -> Self:
        """The runner itself; its process is killed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill the process."""
        self._process.kill()
        self._process.wait()
