"""Relaxation of predictive coding: values settle between their prediction and a nudge.

A segment of L stages f_1 ... f_L with input x has a value v_0 at its input and one after every
stage except the last. Starting at v_0 = x and v_l = f_l(v_{l-1}), they descend the energy

    E = |v_0 - x|^2 / 2 + sum_l |v_l - f_l(v_{l-1})|^2 / 2 + gamma G . f_L(v_{L-1})

with G = N g, the signal of each of the N images without the averaging over the batch. The energy
is from Whittington and Bogacz (2017). The weak nudge gamma is from Millidge, Song, Salvatori,
Lukasiewicz and Bogacz (2022, arXiv 2206.02629); in the limit of small gamma, the errors are those
of back-propagation.

There are two solvers. ``relax`` moves the values, as in the theory: each sees only its neighbours.
``relax_errors`` moves the errors instead (Goemaere, Oliviers, Bogacz and Demeester 2025, arXiv
2505.20137), and reaches the same equilibrium in fewer sweeps for a deep segment.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Stages = Sequence[Callable[[Tensor], Tensor]]


def relax(
    stages: Stages,
    values: Sequence[Tensor],
    signal: Tensor,
    *,
    gamma: float,
    step: float,
    steps: int,
    is_held: bool,
) -> list[Tensor]:
    """The values v_0 ... v_{L-1} after ``steps`` sweeps, each from the top to the bottom.

    In a sweep each value takes one step of gradient descent, given the new value above it, so the
    signal reaches the input in the first sweep.

    Args:
        stages: f_1 ... f_L; autograd differentiates them.
        values: initial values x, f_1(x), f_2(f_1(x)), ... without the outputs of the last stage.
        signal: G, of the shape of the outputs.
        gamma: strength of the nudge towards a lower loss.
        step: step size of the descent.
        steps: number of sweeps.
        is_held: whether the input is fixed, as images are.
    """
    values = list(values)
    driven = values[0]
    for _ in range(steps):
        leaves, predictions = predict(stages, values)
        push = -gamma * signal  # the error of the prediction from v_at
        for at in reversed(range(is_held, len(values))):
            (pull,) = torch.autograd.grad(predictions[at], leaves[at], push)
            expected = predictions[at - 1].detach() if at else driven
            values[at] = values[at] - step * (values[at] - expected - pull)
            push = values[at] - expected
    return values


def predict(stages: Stages, values: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The values as autograd leaves, and the output of each stage for its leaf."""
    with torch.enable_grad():
        leaves = [value.detach().requires_grad_() for value in values]
        return leaves, [stage(leaf) for stage, leaf in zip(stages, leaves, strict=True)]


def relax_errors(
    stages: Stages,
    values: Sequence[Tensor],
    signal: Tensor,
    *,
    gamma: float,
    step: float,
    steps: int,
    is_held: bool,
) -> list[Tensor]:
    """The values of :func:`relax`, found by descent on the errors e_l of the predictions.

    With v_0 = x + e_0 and v_l = f_l(v_{l-1}) + e_l, the energy is sum |e_l|^2 / 2 + gamma G .
    f_L(v_{L-1}). Its gradient with respect to e_l is e_l plus the gradient of the nudge,
    back-propagated through all stages above. So the signal reaches every error undiminished in the
    first sweep. Both energies have the same equilibria. The arguments are those of :func:`relax`.
    """
    first = int(is_held)  # the input has no error when it is fixed
    errors = [torch.zeros_like(value) for value in values[first:]]
    for _ in range(steps):
        with torch.enable_grad():
            leaves = [error.requires_grad_() for error in errors]
            outputs = stages[-1](_values(stages, values[0], leaves)[-1])
            slopes = torch.autograd.grad(outputs, leaves, gamma * signal) if leaves else ()
        errors = [
            (error - step * (error + slope)).detach()
            for error, slope in zip(errors, slopes, strict=True)
        ]
    with torch.no_grad():
        return _values(stages, values[0], errors)


def _values(stages: Stages, inputs: Tensor, errors: Sequence[Tensor]) -> list[Tensor]:
    """The inputs of all stages, computed from the errors; a held input has no error."""
    is_held = len(errors) < len(stages)
    values = [inputs if is_held else inputs + errors[0]]
    for stage, error in zip(stages[:-1], errors[1 - is_held :], strict=True):
        values.append(stage(values[-1]) + error)
    return values
