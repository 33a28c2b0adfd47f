"""Recipes of final trainings: YAML files, shipped with evonas or written by the user."""

import math
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import get_args

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.final.flips import Flips
from evonas.evaluation.final.views import Views
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.regularisation import Regularisation
from evonas.registry import suggestion
from evonas.schema import ProblemsError, structure
from evonas.strict_yaml import parse_yaml, read_text

_SHIPPED = files("evonas.evaluation.final") / "recipes"


@dataclass(frozen=True)
class FinalRecipe:
    """SGD with Nesterov momentum, a cosine schedule and regularisation; keeps the best epoch.

    Attributes:
        description: description in one line.
        source: paper that the recipe comes from; the description says what differs from it.
        epochs: number of passes over the training part.
        batch: number of images in a mini-batch; the last, smaller one of an epoch is dropped.
        learning_rate: peak learning rate; rules with an update of their own use their own rate.
        momentum: momentum of SGD.
        bias_rate: factor on the learning rate of biases, whose weight decay is divided by it.
        weight_decay: weight decay, coupled to the gradient.
        warmup_epochs: number of epochs in which the learning rate rises linearly.
        cutout: side of the square cut out of each image, in pixels; 0 for none.
        mixup: alpha of Beta(alpha, alpha), from which mixing shares are drawn; 0 for none.
        label_smoothing: share of the target that is spread equally over all classes.
        clip_norm: maximum norm of the gradient of all weights together; 0 for no clipping.
        average_decay: decay of an exponential moving average of the weights; the averaged weights
            are validated and kept. 0 for no averaging.
        lookahead: whether weights are pulled back to their slow average, see ``Lookahead``.
        drop_path: probability at the end of training that an image skips an edge of a cell; it
            rises linearly from 0.
        auxiliary_weight: weight of the loss of the auxiliary head; 0 for no head.
        flips: how training images are mirrored, see ``Flips``.
        views: views by which validation and test images are classified, see ``Views``.
        validation_share: share of the official training images that select the best epoch; 0
            trains on all of them and keeps the last epoch.
    """

    description: str
    epochs: int
    batch: int
    learning_rate: float
    source: str = ""
    momentum: float = 0.9
    bias_rate: float = 1.0
    weight_decay: float = 5e-4
    warmup_epochs: int = 0
    cutout: int = 0
    mixup: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 0.0
    average_decay: float = 0.0
    lookahead: bool = False
    drop_path: float = 0.0
    auxiliary_weight: float = 0.0
    flips: Flips = "random"
    views: Views = "one"
    validation_share: float = 0.1

    def __post_init__(self) -> None:
        at_least: dict[str, float] = {
            "epochs": 1, "batch": 2, "warmup_epochs": 0, "cutout": 0, "mixup": 0,
            "clip_norm": 0,
            "weight_decay": 0, "auxiliary_weight": 0,
        }  # fmt: skip
        found = [
            (f".{field.name}", f"expected a finite number, got {value}")
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), float) and not math.isfinite(value)
        ]
        found += [
            (f".{name}", f"expected at least {least:g}, got {getattr(self, name)}")
            for name, least in at_least.items()
            if getattr(self, name) < least
        ]
        for name, kind in (("flips", Flips), ("views", Views)):
            if getattr(self, name) not in (known := get_args(kind)):
                expected = ", ".join(known)
                found.append(
                    (f".{name}", f"expected one of {expected}, got {getattr(self, name)}")
                )
        for name in ("learning_rate", "bias_rate"):
            if getattr(self, name) <= 0:
                found.append((f".{name}", f"expected more than 0, got {getattr(self, name)}"))
        shares = "momentum", "label_smoothing", "average_decay", "validation_share", "drop_path"
        for name in shares:
            if not 0 <= getattr(self, name) < 1:
                found.append(
                    (f".{name}", f"expected at least 0, below 1, got {getattr(self, name)}")
                )
        if self.warmup_epochs >= self.epochs > 0:
            problem = f"expected fewer than the {self.epochs} epochs, got {self.warmup_epochs}"
            found.append((".warmup_epochs", problem))
        if found:
            raise ProblemsError(found)

    @property
    def descent(self) -> Recipe:
        """The settings shared with the recipe of a search."""
        return Recipe(
            epochs=self.epochs,
            batch=self.batch,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            warmup_epochs=self.warmup_epochs,
        )

    @property
    def regularisation(self) -> Regularisation:
        """Regularisation of batches and targets."""
        return Regularisation(self.cutout, self.mixup, self.label_smoothing)


def recipe_names() -> list[str]:
    """Names of the recipes shipped with evonas."""
    names = [each.name for each in _SHIPPED.iterdir()]
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_recipe(name_or_path: str | Path) -> FinalRecipe:
    """Load a recipe by its name, or by the path of a YAML file that ends in .yaml or .yml.

    Raises:
        UnknownNameError: no recipe has this name.
        ConfigError: the file cannot be read or is no valid recipe; lists every problem with its
            path.
    """
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")):
        content, where = read_text(Path(name_or_path), error=ConfigError), text
    elif text in recipe_names():
        where = f"{text}.yaml"
        content = (_SHIPPED / where).read_text(encoding="utf-8")
    else:
        names = recipe_names()
        raise UnknownNameError(
            f"unknown recipe '{text}'{suggestion(text, names)}; expected one of "
            f"{', '.join(names)}, or the path of a file that ends in .yaml"
        )
    data = parse_yaml(content, where=where, error=ConfigError)
    return structure(data, FinalRecipe, where=where, error=ConfigError)
