"""Load the images of a final training, split into a training and a validation part."""

from dataclasses import dataclass
from pathlib import Path

from evonas.errors import DataError
from evonas.evaluation.data.fingerprint import fingerprint_of_parts
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.images import Images, Traits
from evonas.evaluation.data.loading import load_official
from evonas.evaluation.data.split import share_of, stratified_part
from evonas.evaluation.training.augment import TrainingImages, training_images
from evonas.seeds import derive_seed


@dataclass(frozen=True)
class FinalData:
    """The images of a final training, on one device.

    Attributes:
        traits: traits of the data set.
        train: images to train on.
        validation: images that select the best epoch; None if there are none.
        sha256: hash of the official training images; empty if unknown.
    """

    traits: Traits
    train: TrainingImages
    validation: Images | None
    sha256: str = ""


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
    """Load and split the official training images of a data set, but not its test images.

    Args:
        name: name of the data set.
        data_dir: folder that holds the data set.
        validation_share: share of the images to validate on, stratified by class.
        split_seed: seed of the split; the same for all seeds of a training, so that their
            results are comparable.
        device: device to put the images on.
        sha256: expected hash of the official training images; None to accept any.
        fitting: size that images are fitted to.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the images are missing, damaged, not those expected, or too few for the share.
    """
    traits, images, official = load_official(
        name, data_dir=data_dir, sha256=sha256, fitting=fitting
    )
    if sha256 is None:
        sha256 = fingerprint_of_parts(images, official, class_names=traits.class_names)
    if official is not None:  # the search has used them already: they may be trained on, too
        images = images.with_more(official)
    count = share_of(len(images), validation_share)
    if validation_share and not count:
        raise DataError(
            f"{name}: a share of {validation_share} of {len(images)} training images is less than "
            "one image; expected a larger validation_share, or 0"
        )
    kept, learned = stratified_part(
        images.labels, num_images=count, seed=derive_seed(split_seed, "final split", name)
    )
    return FinalData(
        traits,
        training_images(images.subset(learned).to(device), traits=traits),
        images.subset(kept).to(device) if count else None,
        sha256,
    )
