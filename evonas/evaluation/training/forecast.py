"""Forecast the cost of training a candidate by running its network once on two images."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from evonas.evaluation.data.images import Traits
from evonas.evaluation.variants.base import AbstractVariant
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.networks import count_multiply_adds
from evonas.rules import true_gradient
from evonas.space import Genome, Space

COPIES = 4  # tensors as large as the weights: weights, gradients, momenta, feedback
IMAGES = 2  # the fewest for which batch normalisation always works


@dataclass(frozen=True)
class Forecast:
    """The expected cost of a training.

    Attributes:
        multiply_adds: multiply-adds of the forward pass of one image.
        peak_bytes: bytes of the weights, gradients, momenta and feedback, and of the activations
            that one batch keeps for the backward pass; in float32, without the workspace of
            convolutions.
    """

    multiply_adds: int
    peak_bytes: int


def forecast(
    space: Space,
    genome: Genome,
    *,
    traits: Traits,
    batch: int,
    variant: AbstractVariant | None = None,
) -> Forecast:
    """Forecast the cost of training ``genome`` on such images; takes 0.1 s on the CPU.

    Args:
        space: search space of the genome.
        genome: genome to decode.
        traits: traits of the images.
        batch: number of images in a mini-batch.
        variant: trained in place of the genome's network.
    """
    network = (variant or GenomeVariant("", space, genome)).network(traits, seed=0).train()
    weights = {tensor.untyped_storage()._cdata for tensor in network.parameters()}
    kept: dict[int, Tensor] = {}  # by storage: views of one are kept once

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    # every rule keeps the same activations as back-propagation, but some need labels to run
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with true_gradient(network), hooks:
        images = torch.zeros(IMAGES, *traits.shape)
        F.cross_entropy(network(images), torch.zeros(IMAGES, dtype=torch.int64))
    activations = sum(
        tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights
    )
    return Forecast(
        multiply_adds=count_multiply_adds(network, input_shape=traits.shape),
        peak_bytes=COPIES * sum(parameter.nbytes for parameter in network.parameters())
        + activations * batch // IMAGES,
    )
