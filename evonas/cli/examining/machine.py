"""The hardware and software that matter to a run, and their problems."""

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import torch

from evonas.evaluation.data.place import default_data_dir

GIB = 2**30
MIN_GIB_A_WORKER = 1.5  # memory of a process with torch and a data set


@dataclass(frozen=True)
class Gpu:
    """One CUDA device.

    Attributes:
        name: name of the chip.
        memory_bytes: in all.
        capability: major and minor.
    """

    name: str
    memory_bytes: int
    capability: tuple[int, int]


@dataclass(frozen=True)
class Machine:
    """The machine that evonas runs on.

    Attributes:
        python: version.
        torch: version.
        cuda_of_torch: version of CUDA that torch was built with; None for a build without.
        triton: version; None where it is not installed.
        cores: the cores that this process may use.
        memory_bytes: memory of the machine; None if unknown.
        gpus: the GPUs that torch can use.
        has_driver: whether there are signs of an NVIDIA driver.
        data_dir: the default data folder.
        has_data_dir: whether that folder exists.
    """

    python: str
    torch: str
    cuda_of_torch: str | None
    triton: str | None
    cores: int
    memory_bytes: int | None
    gpus: tuple[Gpu, ...]
    has_driver: bool
    data_dir: Path
    has_data_dir: bool


def this_machine() -> Machine:
    """The machine at hand."""
    data_dir = default_data_dir().resolve()
    return Machine(
        python=platform.python_version(),
        torch=torch.__version__,
        cuda_of_torch=torch.version.cuda,
        triton=_version("triton"),
        cores=joblib.cpu_count(),
        memory_bytes=_memory_bytes(),
        gpus=tuple(_gpu(number) for number in range(torch.cuda.device_count())),
        has_driver=shutil.which("nvidia-smi") is not None or Path("/dev/nvidia0").exists(),
        data_dir=data_dir,
        has_data_dir=data_dir.is_dir(),
    )


def problems(machine: Machine) -> list[str]:
    """Problems that slow a run down or prevent it, each with a remedy."""
    found = []
    if not machine.gpus and machine.has_driver:
        if machine.cuda_of_torch is None:
            found.append(
                f"there is an NVIDIA driver, but torch {machine.torch} was built without CUDA: "
                "install the CUDA build, see https://pytorch.org/get-started/locally"
            )
        else:
            found.append(
                f"there is an NVIDIA driver, but torch {machine.torch} (CUDA "
                f"{machine.cuda_of_torch}) cannot use it: compare the driver's version in "
                f"`nvidia-smi`, and check whether CUDA_VISIBLE_DEVICES hides the GPU"
            )
    if machine.gpus and machine.triton is None:
        found.append("triton is missing, so evonas cannot use its kernels: pip install triton")
    found += [
        f"{gpu.name}: bfloat16 needs compute capability 8.0, it has "
        f"{'.'.join(map(str, gpu.capability))}; use --precision fp32"
        for gpu in machine.gpus
        if gpu.capability < (8, 0)
    ]
    if machine.memory_bytes is not None:
        fitting = max(1, int(machine.memory_bytes / (MIN_GIB_A_WORKER * GIB)))
        if fitting < machine.cores and not machine.gpus:
            found.append(
                f"{machine.cores} workers may need more than the "
                f"{machine.memory_bytes / GIB:.1f} GiB of memory: use --workers {fitting}"
            )
    if not machine.has_data_dir:
        found.append(
            f"{machine.data_dir} does not exist: data sets other than digits are looked up there; "
            "set EVONAS_DATA or give --data-dir, and --download to fetch them"
        )
    return found


def _gpu(number: int) -> Gpu:
    properties = torch.cuda.get_device_properties(number)
    return Gpu(properties.name, properties.total_memory, (properties.major, properties.minor))


def _memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not a Unix
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
