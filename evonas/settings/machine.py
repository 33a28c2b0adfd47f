"""Where a run takes place."""

from dataclasses import dataclass
from typing import Literal

from evonas.settings.setting import setting, unset

Precision = Literal["fp32", "tf32", "bf16"]
AUTO_PRECISION = "auto"
PRECISIONS: dict[str, str] = {
    "fp32": "float32",
    "tf32": "TensorFloat-32, on CUDA devices",
    "bf16": "bfloat16 with float32 weights",
    AUTO_PRECISION: "on a CPU: bf16 where a quick measurement finds it faster, else fp32",
}


@dataclass(frozen=True)
class MachineSettings:
    """Where it runs."""

    device: str = setting(
        "Where candidates are trained: auto, cpu, cuda, cuda:<number> or all.",
        default="auto",
        example="cuda:1",
    )
    precision: Precision = setting(
        "The arithmetic of training.",
        default=unset("fp32 on a CPU, tf32 on a GPU"),
        choices=PRECISIONS,
    )
    workers: str = setting(
        "Candidates at once, on the CPU or on each GPU; local:N for a Dask cluster of N processes "
        "on this machine, dask://HOST:PORT for the scheduler of a running one.",
        default=unset("one for each core, or 6 on each GPU"),
        unit="candidates",
        example="4",
        decides_result=False,
    )
    timeout: float | None = setting(
        "Seconds that the training and measuring of one candidate may take; it is ended then, and "
        "has failed.",
        default=None,
        unit="seconds",
        above=0.0,
        decides_result=False,
    )
