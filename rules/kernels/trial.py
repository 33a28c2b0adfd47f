"""Check that the kernels work on a device: compare each with its reference on small tensors."""

import importlib.util
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from evonas.rules.kernels.codes import CODES
from evonas.rules.kernels.feedback import (
    FeedbackSegment,
    feedback_table,
    refresh_feedback,
    seed_tensor,
)
from evonas.rules.kernels.flat_sgd import ParameterSegment, parameter_table, sgd_step
from evonas.rules.kernels.node import join
from evonas.rules.kernels.projection import Receiver, project, projection_table
from evonas.rules.kernels.separable import convolve_separably

TOLERANCE = 1e-2  # relative error of a whole tensor; products may be in TF32


def has_kernels_on(device: torch.device | str) -> bool:
    """Whether the kernels work on this device; a CPU has only their references."""
    return torch.device(device).type == "cuda" and problem_with(str(device)) is None


@cache  # a device does not change while a process runs
def problem_with(device: str) -> str | None:
    """The reason why the kernels cannot be used on a device; None if all of them are correct.

    Raises:
        torch.OutOfMemoryError: the device has too little free memory for the trial, which says
            nothing about the kernels.
    """
    if device != "cpu" and importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    for name, run in TRIALS.items():
        try:
            found = run(torch.device(device))
        except torch.OutOfMemoryError:
            raise  # a reason would be kept, and later candidates would train without kernels
        except Exception as problem:  # compiler or driver: training falls back to plain steps
            return f"{name}: {type(problem).__name__}: {' '.join(str(problem).split())[:200]}"
        for one, other in zip(found, _expected(name), strict=True):
            error = float((one.detach().cpu() - other).norm() / other.norm())
            if not error < TOLERANCE:
                return f"{name}: differs from its reference by {error:.1e}"
    return None


@cache
def _expected(name: str) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in TRIALS[name](torch.device("cpu"))]


def _drawn(*shape: int, device: torch.device, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(shape, generator=generator).to(device)
    return drawn.contiguous(memory_format=torch.channels_last) if len(shape) == 4 else drawn


def _feedback(device: torch.device) -> list[Tensor]:
    weights = _drawn(45 * len(CODES), device=device)
    segments = [
        FeedbackSegment(45 * place, 45, rule, 0.5, layer=place, row=9, taps=3)
        for place, rule in enumerate(CODES)
    ]
    feedback = torch.empty_like(weights)
    refresh_feedback(
        feedback, weights, feedback_table(segments, device=device), kept=weights.flip(0),
        seeds=seed_tensor([2**64 - 7], device=device),
        steps=torch.tensor([3], device=device), decays=torch.tensor([0.5], device=device),
    )  # fmt: skip
    return [feedback]


def _sgd(device: torch.device) -> list[Tensor]:
    flat, velocities, gradients = (_drawn(50, device=device, seed=seed) for seed in range(3))
    table = parameter_table([ParameterSegment(5, 40, 0.5, 0.9, 0.1)], device=device)
    rates = torch.tensor([0.2], device=device)
    sgd_step(flat, velocities, gradients, table, rates=rates, nesterov=True)
    return [flat, velocities]


def _node(device: torch.device) -> list[Tensor]:
    z, plain = (_drawn(2, 5, 6, 6, device=device, seed=s).requires_grad_() for s in range(2))
    mean, variance, scale, shift = (
        _drawn(5, device=device, seed=s).abs().requires_grad_() for s in range(4)
    )
    node, active = join(
        [z, z], means=[mean] * 2, variances=[variance] * 2, scales=[scale] * 2,
        shifts=[shift] * 2, plains=[plain], with_active=True,
    )  # fmt: skip
    weight = _drawn(2, 5, 6, 6, device=device, seed=9)
    learnt = torch.autograd.grad((weight * (node + 2 * active)).sum(), [z, plain, scale, shift])
    return [node, active, *learnt]


def _separable(device: torch.device) -> list[Tensor]:
    x, signal = (_drawn(2, 5, 6, 6, device=device, seed=s).requires_grad_() for s in range(2))
    depthwise, pointwise = (
        _drawn(5, c, k, k, device=device).requires_grad_() for c, k in ((1, 3), (5, 1))
    )
    z, mean, variance = convolve_separably(
        x, depthwise=depthwise, pointwise=pointwise, feedback_depthwise=depthwise.flip(0),
        feedback_pointwise=pointwise.flip(0), padding=1,
    )  # fmt: skip
    return [z, mean, variance, *torch.autograd.grad(z, [x, depthwise, pointwise], signal)]


def _projection(device: torch.device) -> list[Tensor]:
    receivers = [
        Receiver(_drawn(3, c, 3, 3, device=device), (6, 5), padding=1, scale=0.5) for c in (2, 4)
    ]
    table = projection_table(receivers, batch=2, channels_last=True)
    return project(_drawn(2, 3, device=device), table)


TRIALS: dict[str, Callable[[torch.device], list[Tensor]]] = {
    "feedback": _feedback,
    "sgd": _sgd,
    "node": _node,
    "separable convolution": _separable,
    "direct feedback": _projection,
}
