"""Load data sets by name, divided so that a search never reads the test images."""

from pathlib import Path

from evonas.errors import DataError
from evonas.evaluation.data.fingerprint import (
    check_fingerprint,
    fingerprint,
    fingerprint_of_parts,
)
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.folder.reading import UnreadableError
from evonas.evaluation.data.given import GivenData, GivenSource
from evonas.evaluation.data.images import Images, SearchData, Traits
from evonas.evaluation.data.known import find_source
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.data.sources.base import AbstractSource
from evonas.evaluation.data.split import share_of, stratified_part
from evonas.seeds import derive_seed
from evonas.settings import TrainingSettings

_GIVEN: dict[tuple[str, str, Fitting], GivenSource] = {}
"""Data sets sent along with the work, by name, folder and fitting."""

MIN_CAPPED_VALIDATION = 1000  # with fewer images, accuracy is too coarse to rank candidates


def source_of(name: str, data_dir: Path, *, fitting: Fitting = AS_THEY_ARE) -> AbstractSource:
    """The source of data set ``name``: data sent for this folder, else the set's own reader.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data.
        fitting: size that images are fitted to.

    Raises:
        UnknownNameError: no data set has this name.
    """
    given = _GIVEN.get((name, str(data_dir), fitting))
    return given or find_source(name).at(fitting)


def give(data: GivenData) -> None:
    """Use these images in this process instead of those in the folder they came from."""
    _GIVEN[data.name, data.data_dir, data.fitting] = GivenSource(data)


def traits_of(
    name: str,
    *,
    data_dir: Path | None = None,
    download: bool = False,
    fitting: Fitting = AS_THEY_ARE,
) -> Traits:
    """Traits of data set ``name``; only data sets whose traits are not fixed read files.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data; None for ``default_data_dir()``.
        download: whether to download files that have to be read and are missing.
        fitting: size that images are fitted to.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: files have to be read, and are missing or damaged.
    """
    data_dir = data_dir or default_data_dir()
    source = source_of(name, data_dir, fitting=fitting)
    if download:
        source.fetch(data_dir)
    return source.traits(data_dir)


def load_official(
    name: str,
    *,
    data_dir: Path | None = None,
    download: bool = False,
    sha256: str | None = None,
    fitting: Fitting = AS_THEY_ARE,
) -> tuple[Traits, Images, Images | None]:
    """Load the official training images of a data set, undivided, and check that they are those.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data; None for ``default_data_dir()``.
        download: whether to download missing data if their publisher allows it.
        sha256: expected hash of the training images; None to accept any.
        fitting: size that images are fitted to.

    Returns:
        Traits, training images, and official validation images if there are some.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the data are missing, damaged or not those expected.
    """
    data_dir = data_dir or default_data_dir()
    source = source_of(name, data_dir, fitting=fitting)
    images = source.load_train(data_dir, download=download)
    validation = source.load_validation(data_dir, download=download)
    traits = source.traits(data_dir)  # after a download, as they may be measured
    if sha256 is not None:
        found = fingerprint_of_parts(images, validation, class_names=traits.class_names)
        check_fingerprint(found, sha256, what=f"training images of '{name}' in {data_dir}")
    return traits, images, validation


def load_search_data(
    name: str,
    *,
    data_dir: Path | None = None,
    download: bool = False,
    seed: int,
    num_images: int | None = None,
    sha256: str | None = None,
    fitting: Fitting = AS_THEY_ARE,
) -> SearchData:
    """Load the training and validation part of a data set, but not its test images.

    The official training images are split into both parts by ``seed``, stratified by class. If
    the data set has official validation images, these are the validation part instead.
    ``num_images`` limits the training part to that many images, and the validation part to
    ``max(num_images, MIN_CAPPED_VALIDATION)``; the images kept are drawn by ``seed`` too.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data; None for ``default_data_dir()``.
        download: whether to download missing data if their publisher allows it.
        seed: seed of the split.
        num_images: number of training images to keep; None for all.
        sha256: expected hash of the official training images; None to accept any.
        fitting: size that images are fitted to.

    Returns:
        The two parts, on the CPU.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the data are missing, damaged or not those expected, or ``num_images`` is too
            large or smaller than the number of classes.
    """
    traits, images, official = load_official(
        name, data_dir=data_dir, download=download, sha256=sha256, fitting=fitting
    )
    train, validation = _divided(images, official, traits, seed)
    if num_images is not None:
        if num_images < traits.num_classes:
            raise DataError(
                f"images: expected at least one for each of the {traits.num_classes} classes "
                f"of '{name}', got {num_images}"
            )
        train = _keep(train, num_images, seed, f"training images of '{name}'")
        cap = min(len(validation), max(num_images, MIN_CAPPED_VALIDATION))
        validation = _keep(validation, cap, seed, f"validation images of '{name}'")
    return SearchData(traits, train, validation)


def load_run_data(training: TrainingSettings) -> SearchData:
    """Load the training and validation part of a run, on the CPU.

    Raises:
        DataError: see :func:`load_search_data`.
    """
    return load_search_data(
        training.dataset,
        data_dir=Path(training.data_dir),
        seed=training.split_seed,
        num_images=training.images,
        sha256=training.train_sha256,
        fitting=Fitting.of(training),
    )


def load_test(
    name: str,
    *,
    data_dir: Path | None = None,
    download: bool = False,
    sha256: str | None = None,
    fitting: Fitting = AS_THEY_ARE,
) -> Images:
    """Load the test images of a data set, for the report at the end of a study.

    They do not depend on any seed.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data; None for ``default_data_dir()``.
        download: whether to download missing data if their publisher allows it.
        sha256: expected hash of the images; None to accept any.
        fitting: size that images are fitted to.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the data are missing, damaged or not those expected.
    """
    data_dir = data_dir or default_data_dir()
    source = source_of(name, data_dir, fitting=fitting)
    images = source.load_test(data_dir, download=download)
    if sha256 is not None:
        traits = source.traits(data_dir)
        found = fingerprint(images, class_names=traits.class_names)
        check_fingerprint(found, sha256, what=f"test images of '{name}' in {data_dir}")
    return images


def fingerprints(
    name: str,
    *,
    data_dir: Path | None = None,
    download: bool = False,
    fitting: Fitting = AS_THEY_ARE,
) -> tuple[str, str | None]:
    """Fingerprints of the images that a search may see, and of the test images of a data set.

    The latter is None if the test images are missing or cannot be loaded.

    Args:
        name: name in ``all_datasets()``.
        data_dir: folder of the data; None for ``default_data_dir()``.
        download: whether to download missing data if their publisher allows it.
        fitting: size that images are fitted to.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: the training images are missing or damaged.
    """
    data_dir = data_dir or default_data_dir()
    traits, images, validation = load_official(
        name, data_dir=data_dir, download=download, fitting=fitting
    )
    names = traits.class_names
    train = fingerprint_of_parts(images, validation, class_names=names)
    source = source_of(name, data_dir, fitting=fitting)
    try:
        test = source.load_test(data_dir, download=download)
    except UnreadableError:  # the files exist: better to report them now than after the search
        raise
    except DataError:  # reported when the test images are needed
        return train, None
    return train, fingerprint(test, class_names=names)


def _divided(
    images: Images, official: Images | None, traits: Traits, seed: int
) -> tuple[Images, Images]:
    """Divide the official images into the training and the validation part."""
    if official is not None:
        return images, official
    for_validation, for_training = stratified_part(
        images.labels,
        num_images=share_of(len(images), traits.validation_share),
        seed=derive_seed(seed, "split", traits.name),
    )
    return images.subset(for_training), images.subset(for_validation)


def _keep(images: Images, num_images: int, seed: int, what: str) -> Images:
    part, _ = stratified_part(
        images.labels, num_images=num_images, seed=derive_seed(seed, "keep", what), what=what
    )
    return images.subset(part)
