"""Whether each class has enough images for a search."""

from evonas.errors import ConfigError, DataError, some
from evonas.evaluation.data.images import SearchData, Traits


def check_data(data: SearchData, *, batch: int) -> None:
    """Refuse images that no search can learn from.

    Args:
        data: the parts of a run.
        batch: images in a mini-batch.

    Raises:
        ConfigError: there are fewer training images than a batch has.
        DataError: there is only one class, or a class has no training or no validation image.
    """
    traits = data.traits
    if traits.num_classes < 2:
        raise DataError(
            f"data set '{traits.name}': expected at least two classes, found one"
            + "".join(f": {name}" for name in traits.class_names)
        )
    for part, images in (("training", data.train), ("validation", data.validation)):
        counts = images.labels.bincount(minlength=traits.num_classes).tolist()
        missing = [_class_name(traits, label) for label, count in enumerate(counts) if count == 0]
        if missing:
            raise DataError(
                f"data set '{traits.name}': the {part} part has no image of {some(missing)}; "
                "each class needs one to learn from and another to be compared on: add images, "
                "remove the class, or raise --images where it is given"
            )
    if len(data.train) < batch:
        raise ConfigError(
            f"batch: expected at most the {len(data.train)} training images, got {batch}"
        )


def _class_name(traits: Traits, label: int) -> str:
    return f"'{traits.class_names[label]}'" if traits.class_names else str(label)
