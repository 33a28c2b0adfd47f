"""NASWOT: how well the activation patterns of an untrained network distinguish images.

Mellor, Turner, Storkey and Crowley 2021, "Neural Architecture Search without Training",
arXiv 2006.04647, section 3.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from evonas.evaluation.signals.untrained.probe import Probe


def naswot(probe: Probe) -> float:
    """Logarithm of the determinant of the kernel of the binary codes.

    A unit is on for an image if the input of its activation is above 0. Entry (i, j) of the kernel
    counts the units that agree on images i and j. Minus infinity if the kernel is singular.
    """
    return log_determinant(probe.forward.codes, count=len(probe.images))


def log_determinant(codes: Sequence[Tensor], *, count: int) -> float:
    """Log-determinant of the kernel of codes, each (count, units)."""
    kernel = torch.zeros(count, count, dtype=torch.float64)
    for code in codes:
        signs = code.float() * 2.0 - 1.0
        # (agreeing - differing units) + all units = twice the number of agreeing units
        kernel += 0.5 * ((signs @ signs.T).double() + code.shape[1])
    sign, value = torch.linalg.slogdet(kernel)
    return float(value) if sign > 0 else -float("inf")
