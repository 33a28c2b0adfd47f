"""NASWOT: how well an untrained network tells images apart by the activations that they switch on.

Mellor, Turner, Storkey and Crowley 2021, "Neural Architecture Search without Training",
arXiv 2006.04647, section 3.
"""

import torch
from torch import Tensor, nn

from evonas.evaluation.signals.probe import Probe

ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh)


@torch.no_grad()
def naswot(probe: Probe) -> float:
    """The logarithm of the determinant of the kernel of the binary codes.

    A unit is on for an image where the input of its activation is above 0. Entry (i, j) of the
    kernel counts the units that agree on the images i and j; minus infinity where it is singular.
    """
    codes: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        codes.append((inputs[0] > 0).flatten(1))

    handles = [
        module.register_forward_pre_hook(note)
        for module in probe.network.modules()
        if isinstance(module, ACTIVATIONS)
    ]
    probe.network(probe.images)
    for handle in handles:
        handle.remove()
    return log_determinant(codes, count=len(probe.images))


def log_determinant(codes: list[Tensor], *, count: int) -> float:
    """Of the kernel of codes, each (count, units)."""
    kernel = torch.zeros(count, count, dtype=torch.float64)
    for code in codes:
        signs = code.float() * 2.0 - 1.0
        # units that agree less those that differ, and all units: half the sum agrees
        kernel += 0.5 * ((signs @ signs.T).double() + code.shape[1])
    sign, value = torch.linalg.slogdet(kernel)
    return float(value) if sign > 0 else -float("inf")
