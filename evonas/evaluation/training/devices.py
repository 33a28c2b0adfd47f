"""Names of devices in the settings, and checks that this machine has them."""

import re

import torch

from evonas.errors import ConfigError

DEVICE_NAMES = "auto, cpu, cuda, cuda:<number> or all"
LOST_DEVICE_TEXTS = (
    "cuda error",  # torch and cuBLAS
    "error [cuda]",  # Triton
    "cudnn_status_execution_failed",
)
"""Lower-case substrings of the errors after which a process can no longer use its device."""


def resolve_device(name: str) -> str:
    """Resolve ``auto`` to the first GPU, or to the CPU if there is none; check other names.

    Raises:
        ConfigError: the name is not that of a device, or the device does not work here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    check_device(name)
    return name


def check_device(name: str) -> None:
    """Reject a device that evonas does not support or this machine does not have.

    Raises:
        ConfigError: it is neither the CPU nor a working CUDA device.
    """
    if not re.fullmatch(r"cpu|cuda(:\d+)?|all", name):
        raise ConfigError(f"unknown device '{name}': expected {DEVICE_NAMES}")
    if name == "all" and not torch.cuda.device_count():
        raise ConfigError(
            "device 'all' means every CUDA device, and this machine has none that torch can use; "
            "see: evonas doctor"
        )
    for device in devices_of(name):
        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as problem:  # torch built without CUDA asserts
            reason = str(problem).splitlines()[0]
            raise ConfigError(
                f"unknown device '{name}' on this machine: {reason}; see: evonas doctor"
            ) from problem


def check_one_device(name: str) -> None:
    """Like :func:`check_device`, for work that one device does and the user places.

    Raises:
        ConfigError: it is ``auto`` or ``all``, or see :func:`check_device`.
    """
    if name in ("auto", "all"):
        raise ConfigError(f"device: expected cpu, cuda or cuda:<number> here, got {name}")
    check_device(name)


def devices_of(name: str) -> list[str]:
    """All devices that ``name`` refers to, as torch names them."""
    if name == "all":
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cuda:0" if name == "cuda" else name]


def is_lost_device(problem: BaseException) -> bool:
    """Whether this process can no longer use its device, as after a failed device assertion.

    An illegal access or a failed assertion corrupts the CUDA context: every later call fails,
    whichever candidate makes it, until the process ends. Running out of memory does not; check
    :func:`evonas.evaluation.memory.is_out_of_memory` first.
    """
    if problem.__cause__ is not None and is_lost_device(problem.__cause__):
        return True
    if isinstance(problem, torch.AcceleratorError):
        return True
    text = str(problem).lower()
    return isinstance(problem, RuntimeError) and any(each in text for each in LOST_DEVICE_TEXTS)
