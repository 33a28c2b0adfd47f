"""Local Lipschitz constant of an untrained network, a bound on the effect of a small attack.

The largest singular value of the Jacobian of the logits with respect to one image is the network's
Lipschitz constant at this image in the Euclidean norm. It is found by power iteration, as in
Yoshida and Miyato 2017, "Spectral Norm Regularization for Improving the Generalizability of Deep
Learning", arXiv 1705.10941, section 3.1, there for the weights of a layer.
"""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from evonas.evaluation.signals.untrained.probe import Probe, noting_inputs
from evonas.networks.normalisation import BatchNorm, statistics
from evonas.rules import true_gradient
from evonas.seeds import derive_seed

NUM_ITERATIONS = 5


def log_lipschitz(probe: Probe) -> float:
    """Log of the mean over the images of the Jacobian's largest singular value.

    Batch normalisation uses the statistics of this batch as constants, so that an image's logits
    depend on this image alone. Power iteration approaches the value from below.
    """
    seed = derive_seed(probe.seed, "signals", "lipschitz")
    generator = torch.Generator().manual_seed(seed)
    images = probe.images.clone().requires_grad_()
    buffers = _with_batch_statistics(probe.network, probe.images)
    probe.network.eval()
    try:
        with true_gradient(probe.network):
            logits = functional_call(probe.network, buffers, (images,))
    finally:
        probe.network.train()
    directions = torch.randn(logits.shape, generator=generator, dtype=logits.dtype)
    # linear in the placeholder, so its derivative along v is the product of the Jacobian and v
    placeholder = torch.zeros_like(logits, requires_grad=True)
    (transposed,) = torch.autograd.grad((logits * placeholder).sum(), images, create_graph=True)
    norms = torch.zeros(len(images))
    for _ in range(NUM_ITERATIONS):
        (back,) = torch.autograd.grad((logits * directions).sum(), images, retain_graph=True)
        along = _normalised(back)
        # without the added zero, logits with no derivative would not depend on the placeholder
        product = (transposed * along).sum() + 0.0 * placeholder.sum()
        (directions,) = torch.autograd.grad(product, placeholder, retain_graph=True)
        norms = directions.flatten(1).norm(dim=1)
        directions = _normalised(directions)
    mean = float(norms.double().mean())
    return math.log(mean) if mean > 0 else -math.inf


def _normalised(rows: Tensor) -> Tensor:
    """Scale each row of (N, ...) to norm 1; rows of zeros stay."""
    return nn.functional.normalize(rows.flatten(1), dim=1).view_as(rows)


def _with_batch_statistics(network: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Buffers of the network, with the mean and variance of a batch as running statistics."""
    found: dict[str, Tensor] = {}
    names = {module: name for name, module in network.named_modules()}

    def note(module: nn.Module, given: Tensor) -> None:
        mean, variance = statistics(given)
        found[f"{names[module]}.running_mean"] = mean
        found[f"{names[module]}.running_var"] = variance

    # the pass writes running statistics into these copies; those of the batch replace them
    buffers = {name: each.clone() for name, each in network.named_buffers()}
    with torch.no_grad(), noting_inputs(network, (BatchNorm,), note):
        functional_call(network, buffers, (images,))
    return {**buffers, **found}
