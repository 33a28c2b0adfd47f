"""Run pytest in forks of a process that has already imported the slow libraries.

    python -m benchmarks.mutation.forked_pytest < orders

Each line of standard input is an order: a JSON object with the ``arguments`` of pytest, additional
``environment`` variables, an ``output`` file, and the limits ``cpu_seconds`` and ``seconds``. Each
line of the output has the ``exit_code``, None if a limit was exceeded, and the ``cpu_seconds``
used. Start it in the tree under test; each fork imports ``evonas`` itself.
"""

import json
import os
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

LIBRARIES = (
    "cattrs", "cyclopts", "deap.tools", "joblib", "matplotlib.pyplot", "moocore", "pandas",
    "pymoo.algorithms.moo.nsga2", "pytest", "rich.progress", "safetensors.torch", "scipy.stats",
    "sklearn.gaussian_process", "torch", "torch.utils.flop_counter", "torchvision", "yaml",
)  # fmt: skip
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "TRITON_INTERPRET": "1"}
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def import_libraries() -> None:
    """Import the slow third-party libraries, so that forks need not."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    for module in LIBRARIES:
        import_module(module)


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Execute one order, and return the reply to it."""
    child = os.fork()
    if child == 0:
        _become_pytest(order)
    deadline = time.monotonic() + order["seconds"]
    used = 0.0
    try:
        while time.monotonic() < deadline and used < order["cpu_seconds"]:
            ended, status, usage = os.wait4(child, os.WNOHANG)
            if ended:
                used = usage.ru_utime + usage.ru_stime
                return {"exit_code": os.waitstatus_to_exitcode(status), "cpu_seconds": used}
            used = cpu_seconds(child)
            time.sleep(0.05)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return {"exit_code": None, "cpu_seconds": used}


def cpu_seconds(process: int) -> float:
    """CPU time of a process and its ended children (``man proc_pid_stat``)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS_PER_SECOND


def _become_pytest(order: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    os.environ.update(order["environment"])
    with (
        Path(order["output"]).open("a", encoding="utf-8") as output,
        Path(os.devnull).open(encoding="utf-8") as nothing,
    ):
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    code = 70
    try:
        import pytest

        code = int(pytest.main(order["arguments"]))
    finally:
        sys.stdout.flush()
        os._exit(code)


def main() -> None:
    """Execute the orders on standard input, as described in the module docstring."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    import_libraries()
    for line in sys.stdin:
        replies.write(json.dumps(run(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
