"""Precision of training: float32, TensorFloat-32, or bfloat16 with float32 weights."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, get_args

import torch

from evonas.errors import ConfigError
from evonas.settings.machine import AUTO_PRECISION, Precision


def default_precision(device: str) -> Precision:
    """Precision used if none is given: float32 on a CPU, torch's own default on a GPU."""
    return "fp32" if device == "cpu" else "tf32"


def check_precision(precision: str, *, device: str) -> None:
    """Reject a precision that ``device`` does not support.

    Args:
        precision: name of a precision, or ``auto``, which only a CPU supports.
        device: device to train on.

    Raises:
        ConfigError: the device does not support the precision.
    """
    if precision == "tf32" and device == "cpu":
        raise ConfigError(
            "precision: 'tf32' is an arithmetic of CUDA devices; on a cpu choose fp32 or bf16"
        )
    if precision == AUTO_PRECISION and device != "cpu":
        raise ConfigError(
            f"precision: 'auto' chooses by a measurement on a cpu, got the device {device}; there "
            f"choose one of {', '.join(get_args(Precision))}"
        )


@contextmanager
def arithmetic(precision: Precision, *, device_type: str) -> Iterator[None]:
    """Compute float32 operations in this block at ``precision``; restore the state afterwards.

    By default torch computes convolutions on a GPU in TensorFloat-32, whose factors have 10-bit
    mantissas; ``fp32`` prevents this. It also lets cuDNN choose algorithms that add in random
    order; this block allows only deterministic ones, so that repeating or resuming a training on
    the same GPU gives equal weights. On a CPU this does nothing.
    """
    if device_type == "cpu":
        yield
        return
    backends: Any = torch.backends  # torch's type stubs lack some of these attributes
    meaning = "ieee" if precision == "fp32" else "tf32"
    switches = [
        (backends.cudnn.conv, "fp32_precision", meaning),
        (backends.cuda.matmul, "fp32_precision", meaning),
        (backends.cudnn, "deterministic", True),
        (backends.cudnn, "benchmark", False),
    ]
    before = [getattr(owner, name) for owner, name, _ in switches]
    try:
        for owner, name, value in switches:
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name, _), was in zip(switches, before, strict=True):
            setattr(owner, name, was)


def autocast(precision: Precision, *, device_type: str) -> AbstractContextManager[None]:
    """Context for a forward pass: autocast to bfloat16 for ``bf16``, else no effect.

    Weights, their gradients and the optimiser stay float32.
    """
    if precision != "bf16":
        return nullcontext()
    return torch.autocast(device_type, torch.bfloat16)
