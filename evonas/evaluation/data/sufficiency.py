"""Check that there are enough images of each class for a search."""

from evonas.errors import ConfigError, DataError, some
from evonas.evaluation.data.images import SearchData, Traits


def check_data(data: SearchData, *, batch: int) -> None:
    """Reject data that no search can work with.

    Args:
        data: training and validation part of a run.
        batch: number of images in a mini-batch.

    Raises:
        ConfigError: there are fewer training images than a batch needs.
        DataError: there is only one class, or a class has no image in the training or in the
            validation part.
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
                "each class needs at least one image in both parts: add images, remove the class, "
                "or raise --images if it is given"
            )
    if len(data.train) < batch:
        raise ConfigError(
            f"batch: expected at most the {len(data.train)} training images, got {batch}"
        )


def _class_name(traits: Traits, label: int) -> str:
    return f"'{traits.class_names[label]}'" if traits.class_names else str(label)
