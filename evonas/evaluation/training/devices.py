"""The devices a run may name, and which of them this machine has."""

import re

import torch

from evonas.errors import ConfigError

DEVICE_NAMES = "auto, cpu, cuda, cuda:<number> or all"
LOST_DEVICE_TEXTS = (
    "cuda error",  # torch and cuBLAS
    "error [cuda]",  # Triton
    "cudnn_status_execution_failed",
)
"""What stands, in lower case, in the text of an error after which a device does no more work."""


def resolve_device(name: str) -> str:
    """``name`` as a run records it: ``auto`` is the first GPU, or the CPU where there is none.

    Raises:
        ConfigError: it is no name of a device, or of none that works here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    check_device(name)
    return name


def check_device(name: str) -> None:
    """Refuse a device that this machine, or evonas, does not have.

    Raises:
        ConfigError: it is neither the CPU nor CUDA devices that work.
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


def devices_of(name: str) -> list[str]:
    """Each device that ``name`` stands for, as torch writes it."""
    if name == "all":
        return [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cuda:0" if name == "cuda" else name]


def is_lost_device(problem: BaseException) -> bool:
    """Whether this process can use its device no more, as after an assertion on the device.

    An illegal access or a failed assertion spoils the CUDA context: every later call fails, in
    whatever candidate makes it, until the process ends. Memory that runs out does not; see
    :func:`evonas.evaluation.memory.is_out_of_memory`, to be asked first.
    """
    if problem.__cause__ is not None and is_lost_device(problem.__cause__):
        return True
    if isinstance(problem, torch.AcceleratorError):
        return True
    text = str(problem).lower()
    return isinstance(problem, RuntimeError) and any(each in text for each in LOST_DEVICE_TEXTS)


def use_fixed_algorithms() -> None:
    """A candidate that is trained again on this GPU, for its weights, comes out the same."""
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
