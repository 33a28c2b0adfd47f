"""Jacobian covariance: how differently an untrained network responds to different images.

Mellor, Turner, Storkey and Crowley 2020, arXiv 2006.04647 version 1, section 3; as in Abdelfattah,
Mehrotra, Dudziak and Lane 2021, "Zero-Cost Proxies for Lightweight NAS", arXiv 2101.08134.
"""

import torch
from torch import Tensor

from evonas.evaluation.signals.untrained.probe import Probe

K = 1e-5  # as in the paper's code


def jacobian_covariance(probe: Probe) -> float:
    """Score of the correlations between the images' gradients; NaN if a gradient is constant."""
    gradient = probe.image_gradient(probe.forward.logits.sum())
    return correlation_score(gradient.flatten(1))


def correlation_score(rows: Tensor) -> float:
    """Minus the sum of log(v + k) + 1 / (v + k) over the eigenvalues v of the rows' correlations.

    If no two rows are correlated, it reaches its maximum, about minus the number of rows.
    """
    centred = rows.double() - rows.double().mean(dim=1, keepdim=True)
    length = centred.norm(dim=1, keepdim=True)
    if not bool((length > 0).all()):
        return float("nan")
    centred = centred / length
    values = torch.linalg.eigvalsh(centred @ centred.T).clamp_min(0.0)
    return float(-(torch.log(values + K) + 1.0 / (values + K)).sum())
