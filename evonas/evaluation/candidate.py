"""Build the network of a genome for the images of a data set."""

from evonas.evaluation.data.images import Traits
from evonas.networks import Network, build
from evonas.space import Genome, Space


def candidate_network(space: Space, genome: Genome, traits: Traits, *, seed: int) -> Network:
    """Build the untrained network of a candidate.

    Args:
        space: search space of the genome.
        genome: genome to decode.
        traits: traits of the data set: image size, classes, and the normalisation, which the
            network applies itself.
        seed: seed of the initial weights and of the feedback.

    Returns:
        A network on the CPU, in training mode, that maps images in [0, 1] to logits.

    Raises:
        SpaceError: the space halves images more often than their size allows.
    """
    return build(
        space,
        genome,
        input_shape=traits.shape,
        num_classes=traits.num_classes,
        seed=seed,
        mean=traits.mean,
        deviation=traits.std,
    )
