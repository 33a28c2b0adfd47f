"""Oracle: NVIDIA's assembler. Every launch compiles for sm_90 without spilling registers."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("triton", reason="the kernels are Triton's")
pytestmark = [pytest.mark.kernels, pytest.mark.system]

ROOT = Path(__file__).parents[2]
SHARED_BYTES_OF_AN_H100 = 227 * 1024


@pytest.fixture(scope="module")
def launches(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Resources of each launch; a subprocess compiles them, without Triton's interpreter."""
    environment = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    environment["TRITON_CACHE_DIR"] = str(tmp_path_factory.mktemp("triton"))
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernels.cross_compile"], cwd=ROOT,
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_no_launch_spills_registers(launches: list[dict[str, Any]]) -> None:
    assert {launch["case"]: launch["stack_bytes"] for launch in launches} == {
        launch["case"]: 0 for launch in launches
    }


def test_every_launch_fits_h100_shared_memory(launches: list[dict[str, Any]]) -> None:
    assert max(launch["shared_bytes"] for launch in launches) <= SHARED_BYTES_OF_AN_H100


def test_every_kernel_has_a_launch(launches: list[dict[str, Any]]) -> None:
    folder = ROOT / "rules/kernels/device"
    written = {
        line.split("(")[0].removeprefix("def ")
        for path in folder.glob("*.py")
        for line in path.read_text().splitlines()
        if line.startswith("def ") and line.split("(")[0].endswith("_kernel")
    }
    assert {launch["kernel"] for launch in launches} == written
