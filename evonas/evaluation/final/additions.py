"""Build the parts of a training step that only final trainings have."""

from evonas.evaluation.final.auxiliary_head import AuxiliaryHead
from evonas.evaluation.final.data import FinalData
from evonas.evaluation.final.drop_path import DropPath
from evonas.evaluation.final.flips import AlternatingFlips
from evonas.evaluation.final.lookahead import Lookahead
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.final.weight_average import WeightAverage
from evonas.evaluation.training.regularisation import RegularisedBatches
from evonas.networks import Network
from evonas.seeds import derive_seed

Part = tuple[int, int]
"""Number of a process, and number of processes that share each batch."""


def make_regularised(
    data: FinalData, recipe: FinalRecipe, *, part: Part
) -> RegularisedBatches | None:
    """Build cutout, mixup and label smoothing; None if the recipe has none of them."""
    regularisation, traits = recipe.regularisation, data.traits
    if regularisation.is_none:
        return None
    return RegularisedBatches(
        regularisation,
        num_steps=len(data.train) // recipe.batch,
        batch=recipe.batch // part[1],
        part=part,
        num_classes=traits.num_classes,
        mean=traits.mean,
        size=traits.shape[1:],
        device=data.train.labels.device,
    )


def make_flips(data: FinalData, recipe: FinalRecipe, *, seed: int) -> AlternatingFlips | None:
    """Build alternating flips; None if the recipe mirrors images at random."""
    if recipe.flips == "random":
        return None
    return AlternatingFlips(data.train, seed=derive_seed(seed, "flips"))


def make_drop_path(
    network: Network, data: FinalData, recipe: FinalRecipe, *, part: Part
) -> DropPath | None:
    """Build drop path; None if the recipe has none.

    Raises:
        ConfigError: the network has no cells.
    """
    if not recipe.drop_path:
        return None
    return DropPath(
        network,
        probability=recipe.drop_path,
        epochs=recipe.epochs,
        num_steps=len(data.train) // recipe.batch,
        batch=recipe.batch,
        part=part,
    )


def make_average(network: Network, recipe: FinalRecipe) -> WeightAverage | None:
    """Build the weight average; None if the recipe has none."""
    decay = recipe.average_decay
    return WeightAverage(network, decay=decay) if decay else None


def make_lookahead(network: Network, recipe: FinalRecipe, *, num_steps: int) -> Lookahead | None:
    """Build lookahead; None if the recipe has none."""
    return Lookahead(network, num_steps=num_steps) if recipe.lookahead else None


def make_auxiliary(
    network: Network, data: FinalData, recipe: FinalRecipe, *, seed: int
) -> AuxiliaryHead | None:
    """Build the auxiliary head; None if the recipe has none.

    Raises:
        ConfigError: the network has no cells.
    """
    if not recipe.auxiliary_weight:
        return None
    return AuxiliaryHead(
        network,
        input_shape=data.traits.shape,
        num_classes=data.traits.num_classes,
        weight=recipe.auxiliary_weight,
        seed=derive_seed(seed, "auxiliary head"),
    )
