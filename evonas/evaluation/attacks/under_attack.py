"""Prepare a network for attacks, whatever rules trained it, and restore it afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from evonas.errors import CandidateFailure
from evonas.evaluation.attacks.frozen_network import frozen
from evonas.evaluation.attacks.replayed_network import ReplayedNetwork
from evonas.evaluation.attacks.surrogate_network import SurrogateNetwork
from evonas.rules import true_gradient

GradientKind: TypeAlias = Literal["true", "surrogate"]

FORWARD_TOLERANCE = 1e-5  # relative to the largest logit, in float32


@contextmanager
def under_attack(
    network: nn.Module, probe: Tensor, *, gradient: GradientKind = "true"
) -> Iterator[nn.Module]:
    """Use evaluation mode, frozen parameters and exact back-propagation in this block.

    Everything is restored afterwards. A network without rules (any ``nn.Module``) is only frozen.

    Args:
        network: maps images in [0, 1] to logits.
        probe: some images, float, (n, C, H, W), on which two forward passes must agree.
        gradient: "surrogate" keeps the rules' own backward pass.

    Yields:
        The network to attack: on a GPU a wrapper that replays it as a CUDA graph, and for the
        surrogate gradient one that follows the rules.

    Raises:
        CandidateFailure: the network's logits are not finite, or two forward passes on the same
            images (one of them under ``true_gradient``) differ.
    """
    with frozen(network):
        untouched = _logits(network, probe)
        with true_gradient(network) if gradient == "true" else nullcontext():
            _check_same(untouched, _logits(network, probe))
            followed = followed_network(network, gradient)
            yield ReplayedNetwork(followed) if probe.is_cuda else followed


def followed_network(network: nn.Module, gradient: GradientKind) -> nn.Module:
    """The network, or a wrapper that gives attacks the gradient of its own learning rules."""
    return SurrogateNetwork(network) if gradient == "surrogate" else network


def _logits(network: nn.Module, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        logits: Tensor = network(pixels)
    return logits.float()


def _check_same(untouched: Tensor, judged: Tensor) -> None:
    """Reject a network whose attacked forward pass differs from that of the trained network."""
    if not bool(untouched.isfinite().all()):
        raise CandidateFailure("robust: the network's logits are not finite")
    difference = float((untouched - judged).abs().max())
    allowed = FORWARD_TOLERANCE * max(float(untouched.abs().max()), 1.0)
    if not difference <= allowed:
        raise CandidateFailure(
            "robust: expected two forward passes of the same images in evaluation mode to agree "
            f"to {allowed:.1e}, but they differ by {difference:.1e}; a random forward pass, or "
            "one that changes under true_gradient, cannot be attacked honestly"
        )
