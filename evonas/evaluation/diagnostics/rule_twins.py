"""Build the same network under other rules, with equal weights and feedback seed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.images import Traits
from evonas.evaluation.training.recipe import Recipe
from evonas.networks import Network
from evonas.space import Genome, Space


def rule_twin(
    space: Space,
    genome: Genome,
    traits: Traits,
    *,
    seed: int,
    rule: str | None = None,
    weights: Mapping[str, Tensor] | None = None,
) -> Network:
    """Build the network of a genome, or the same network with one rule in every layer.

    Args:
        space: search space of the genome.
        genome: genome to decode.
        traits: traits of the images.
        seed: seed of initial weights and feedback; equal seeds give equal weights under any rule.
        rule: rule for all layers; None for those of the genome.
        weights: weights of a trained network of this architecture; None for the initial weights.
            Parameters that are missing (heads of local losses) keep their initial values.

    Returns:
        A network on the CPU, in training mode.
    """
    if rule is not None:
        space = space.with_rules((rule,))
        values = [
            0 if gene.kind == "rule" else value
            for gene, value in zip(space.genes, genome.values, strict=True)
        ]
        genome = Genome(tuple(values))
    network = candidate_network(space, genome, traits, seed=seed)
    if weights is not None:
        with torch.no_grad():
            for name, tensor in network.state_dict().items():
                if name in weights and weights[name].shape == tensor.shape:
                    tensor.copy_(weights[name])
    return network


def count_steps(network: Network, recipe: Recipe, *, num_images: int, epochs: int) -> None:
    """Advance the step and decay of a network to their values after a training by ``recipe``.

    Model files hold weights, but not how far the feedback of Kolen and Pollack has decayed towards
    them, which depends only on the recipe.

    Args:
        network: newly built network.
        recipe: recipe of the training.
        num_images: number of training images.
        epochs: number of epochs trained.
    """
    for epoch in range(epochs):
        for _ in range(num_images // recipe.batch):
            network.wiring.advance(
                learning_rate=recipe.learning_rate * recipe.share_at(epoch),
                momentum=recipe.momentum,
                weight_decay=recipe.weight_decay,
                nesterov=True,
            )
