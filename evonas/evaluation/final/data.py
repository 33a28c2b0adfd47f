"""The images of a final training: most are trained on, some select the epoch."""

from dataclasses import dataclass
from pathlib import Path

from evonas.errors import DataError
from evonas.evaluation.data.fingerprint import check_fingerprint, fingerprint_of_parts
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.loading import source_of
from evonas.evaluation.data.split import share_of, stratified_part
from evonas.evaluation.training.augment import TrainingImages, training_images
from evonas.seeds import derive_seed


@dataclass(frozen=True)
class FinalData:
    """On one device.

    Attributes:
        traits: traits of the data set.
        train: the training images.
        validation: images that select the epoch; None if there are none.
    """

    traits: Traits
    train: TrainingImages
    validation: Images | None


def load_final_data(
    name: str,
    *,
    data_dir: Path,
    validation_share: float,
    split_seed: int,
    device: str,
    sha256: str | None = None,
    fitting: Fitting = AS_THEY_ARE,
) -> FinalData:
    """The official training images of a data set, divided; its test images are not read.

    Args:
        name: name of the data set.
        data_dir: its folder.
        validation_share: share of the images, every class in its share.
        split_seed: picks them; the same for all seeds of a training, so that they compare.
        device: where the images go.
        sha256: the SHA-256 hash that the official training images must have; None for any.
        fitting: how images are resized.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the images are missing, damaged or others, or too few for the share.
    """
    source = source_of(name, data_dir, fitting=fitting)
    traits = source.traits(data_dir)
    images = source.load_train(data_dir, download=False)
    official = source.load_validation(data_dir, download=False)
    if sha256 is not None:
        found = fingerprint_of_parts(images, official, class_names=traits.class_names)
        check_fingerprint(found, sha256, what=f"training images of '{name}' in {data_dir}")
    if official is not None:  # a search has seen them: they may be learned, too
        images = images.with_more(official)
    count = share_of(len(images), validation_share)
    if validation_share and not count:
        raise DataError(
            f"{name}: a share of {validation_share} of {len(images)} training images rounds to "
            f"none; expected a larger validation_share, or 0"
        )
    kept, learned = stratified_part(
        images.labels, num_images=count, seed=derive_seed(split_seed, "final split", name)
    )
    return FinalData(
        traits,
        training_images(images.subset(learned).to(device), traits=traits),
        images.subset(kept).to(device) if count else None,
    )
