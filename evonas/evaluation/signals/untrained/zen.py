"""Zen-score: how strongly an untrained network reacts to a small change of its input.

Lin, Wang, Sun, Chen, Sun, Qian, Li and Jin 2021, "Zen-NAS: A Zero-Shot NAS for High-Performance
Image Recognition", arXiv 2102.01063, section 3.2 and algorithm 1.
"""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from evonas.evaluation.signals.untrained.probe import Probe, noting_inputs
from evonas.networks.normalisation import BatchNorm
from evonas.seeds import derive_seed

ALPHA = 0.01
"""Size of the change; the paper's section 3.2 does not fix it, their code has this value."""


def zen_score(probe: Probe) -> float:
    """Log of the change of the features, plus the log scales that normalisation removes.

    All weights and images are drawn from a standard normal distribution, and the features are
    those before global pooling. Normalisation hides the scale of its input, so the log of its
    root mean square deviation is added for every normalisation. The paper has batch normalisation
    only, removes skip connections, which are a choice of the genome here, and averages over
    several draws; here all images of the batch are one draw.
    """
    generator = torch.Generator().manual_seed(derive_seed(probe.seed, "signals", "zen"))
    network = probe.network
    state = gaussian_weights(network, generator)
    first = torch.randn(probe.images.shape, generator=generator)
    second = first + ALPHA * torch.randn(probe.images.shape, generator=generator)
    with torch.no_grad():
        before, scales = _features(network, state, first)
        after, _ = _features(network, state, second)
    change = float((after.double() - before.double()).abs().flatten(1).sum(dim=1).mean())
    return math.log(change) + sum(scales) if change > 0 else -math.inf


def gaussian_weights(network: nn.Module, generator: torch.Generator) -> dict[str, Tensor]:
    """Parameters and buffers of a network with standard normal weights and no biases.

    Normalisations keep their scale of 1.
    """
    state = {name: each.clone() for name, each in network.named_buffers()}
    for name, each in network.named_parameters():
        if each.dim() > 1:
            state[name] = torch.randn(each.shape, generator=generator)
        else:
            state[name] = torch.zeros_like(each) if name.endswith("bias") else each.detach()
    return state


def _features(
    network: nn.Module, state: dict[str, Tensor], inputs: Tensor
) -> tuple[Tensor, list[float]]:
    """Features before pooling, and the log scale of the input of each normalisation."""
    # the network normalises its input: pass it the images that become these inputs
    images = inputs * state["deviation"] + state["mean"]
    kept = {name: each.clone() for name, each in state.items()}  # running statistics are written
    features: list[Tensor] = []
    scales: list[float] = []

    def note_scale(_: nn.Module, given: Tensor) -> None:
        variance = given.double().var(dim=(0, 2, 3), unbiased=False).mean()
        if variance > 0:  # zero where nothing arrives: no scale was removed
            scales.append(0.5 * math.log(float(variance)))

    head = network.get_submodule("head")
    handle = head.register_forward_hook(lambda *given: features.append(given[2]))
    try:
        with noting_inputs(network, (BatchNorm, nn.GroupNorm), note_scale):
            functional_call(network, kept, (images,))
    finally:
        handle.remove()
    return features[0], scales
