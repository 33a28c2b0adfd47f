"""Recipes for final trainings: YAML files, shipped or your own."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from evonas.errors import ConfigError, UnknownNameError
from evonas.evaluation.final.views import Views
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.regularisation import Regularisation
from evonas.registry import suggestion
from evonas.schema import ProblemsError, parse_yaml, read_text, structure

_SHIPPED = files("evonas.evaluation.final") / "recipes"


@dataclass(frozen=True)
class FinalRecipe:
    """SGD with Nesterov momentum on a cosine, with regularisation; the best epoch is kept.

    Attributes:
        description: one line.
        source: its paper; the description states differences.
        epochs: passes over the training part.
        batch: images in a mini-batch; the last, smaller one of an epoch is dropped.
        learning_rate: maximum; rules with an update of their own have their own.
        momentum: momentum of SGD.
        weight_decay: coupled to the gradient.
        warmup_epochs: in which the learning rate rises, linearly.
        cutout: side of a square that is cut out of each image, in pixels; 0 for none.
        mixup: alpha of Beta(alpha, alpha), from which the shares of mixed images come; 0 for none.
        label_smoothing: share of the target that all classes have in equal parts.
        clip_norm: largest norm of the gradient of all weights together, to which larger ones are
            scaled down; 0 for none.
        average_decay: decay of an exponential moving average of the weights, which is then
            what is validated and kept; 0 for none.
        drop_path: probability, in the last epoch, that an image skips an edge of a cell; it rises
            linearly from 0.
        auxiliary_weight: weight of the loss of a second classifier in the middle of the
            cells; 0 for none.
        views: views for classifying validation and test images, see :class:`Views`.
        validation_share: share of the official training images that choose the best
            epoch; 0 trains on all of them and keeps the last epoch.
    """

    description: str
    epochs: int
    batch: int
    learning_rate: float
    source: str = ""
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_epochs: int = 0
    cutout: int = 0
    mixup: float = 0.0
    label_smoothing: float = 0.0
    clip_norm: float = 0.0
    average_decay: float = 0.0
    drop_path: float = 0.0
    auxiliary_weight: float = 0.0
    views: Views = "one"
    validation_share: float = 0.1

    def __post_init__(self) -> None:
        at_least: dict[str, float] = {
            "epochs": 1, "batch": 2, "warmup_epochs": 0, "cutout": 0, "mixup": 0,
            "clip_norm": 0,
            "weight_decay": 0, "auxiliary_weight": 0,
        }  # fmt: skip
        found = [
            (f".{name}", f"expected at least {least:g}, got {getattr(self, name)}")
            for name, least in at_least.items()
            if getattr(self, name) < least
        ]
        if self.learning_rate <= 0:
            found.append((".learning_rate", f"expected more than 0, got {self.learning_rate}"))
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
        """The part shared with a search."""
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
        """What is done to batches and targets."""
        return Regularisation(self.cutout, self.mixup, self.label_smoothing)


def recipe_names() -> list[str]:
    """Of the recipes that come with evonas."""
    names = [each.name for each in _SHIPPED.iterdir()]
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def load_recipe(name_or_path: str | Path) -> FinalRecipe:
    """Load a recipe by name, or by the path of a .yaml or .yml file.

    Raises:
        UnknownNameError: no recipe has this name.
        ConfigError: the file cannot be read, or is no recipe; every problem with its path.
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
            f"unknown recipe '{text}'{suggestion(text, names)}; there are {', '.join(names)}, and "
            "files that end in .yaml"
        )
    data = parse_yaml(content, where=where, error=ConfigError)
    return structure(data, FinalRecipe, where=where, error=ConfigError)
