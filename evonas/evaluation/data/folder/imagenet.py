"""Read ImageNet (Russakovsky et al. 2015) from the folders of its unpacked archives.

train/<wnid>/*.JPEG
val/<wnid>/*.JPEG, or val/ILSVRC2012_val_*.JPEG with a file that lists their classes
"""

import csv
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, final

from evonas.errors import DataError
from evonas.evaluation.data.fitting import AS_THEY_ARE, Fitting
from evonas.evaluation.data.folder.image_files import AbstractImageFiles
from evonas.evaluation.data.folder.listing import (
    TEST,
    TRAIN,
    Layout,
    Listing,
    check_same_classes,
    list_classes,
    loose_images,
)
from evonas.evaluation.data.images import Traits
from evonas.evaluation.data.sources.base import MissingDataError, missing

DEFAULT_SIZE = 224  # pixels
VALIDATION_SHARE = 0.04  # 50,000 of 1.28 million, the size of the official validation part
_PLACES = (".", "imagenet", "ImageNet", "ILSVRC/Data/CLS-LOC")
_SOLUTION = "LOC_val_solution.csv"  # file of Kaggle's version
_DEVKIT = Path("ILSVRC2012_devkit_t12") / "data"
_TRUTH, _META = "ILSVRC2012_validation_ground_truth.txt", "meta.mat"


@final
class ImageNet(AbstractImageFiles):
    """ImageNet with the official validation images as test part.

    Any subset of the classes may be present. Images are fitted to 224 x 224 unless another size
    is set.

    Args:
        fitting: size that images are fitted to, and where they are kept.
    """

    name: ClassVar[str] = "imagenet"
    title: ClassVar[str] = "ImageNet of 1,000 classes, or some of them, 224x224 colour"

    def __init__(self, fitting: Fitting = AS_THEY_ARE) -> None:
        super().__init__(replace(fitting, size=fitting.size or DEFAULT_SIZE))

    def at(self, fitting: Fitting) -> "ImageNet":
        """The same data set, with its images fitted to another size."""
        return ImageNet(fitting)

    def layout(self, data_dir: Path) -> Layout:
        """Layout with WordNet IDs as classes and ``val/``, if present, as the test part."""
        root = _root(data_dir)
        train = list_classes(root / "train")
        try:
            test = _official_validation(root, data_dir, train)
        except MissingDataError:  # a search does not need the test part
            test = None
        names = {TRAIN: "train"} if test is None else {TRAIN: "train", TEST: "val"}
        return Layout(train, None, test, is_flat=False, names=names)

    def missing_test(self, data_dir: Path) -> MissingDataError:
        """Create the error that says what is missing, and where to get it."""
        root = _root(data_dir)
        try:
            _official_validation(root, data_dir, list_classes(root / "train"))
        except MissingDataError as problem:
            return problem
        return super().missing_test(data_dir)

    def traits(self, data_dir: Path) -> Traits:
        """Traits with the classes counted, and the commonly used mean and standard deviation."""
        classes = list_classes(_root(data_dir) / "train").classes
        size = self.fitting.size or DEFAULT_SIZE
        return Traits(
            name=self.name,
            num_classes=len(classes),
            class_names=classes,
            shape=(3, size, size),
            mean=(0.485, 0.456, 0.406),
            std=(0.229, 0.224, 0.225),
            crop_padding=size // 8,
            validation_share=VALIDATION_SHARE,
        )


def _root(data_dir: Path) -> Path:
    for place in _PLACES:
        if (data_dir / place / "train").is_dir():
            return data_dir / place
    raise missing(
        ImageNet.name,
        sought=data_dir / "train",
        remedy="Unpack ILSVRC2012_img_train.tar, and each archive in it into a folder of its "
        "name, as train/<wnid>/*.JPEG, and ILSVRC2012_img_val.tar as val/*.JPEG. They are at "
        "https://image-net.org/download-images (an account is needed).",
    )


def _official_validation(root: Path, data_dir: Path, train: Listing) -> Listing:
    folder = root / "val"
    if not folder.is_dir():
        raise missing(
            ImageNet.name,
            sought=folder,
            remedy="Unpack ILSVRC2012_img_val.tar there, as val/*.JPEG.",
        )
    paths = loose_images(folder)
    if not paths:
        listing = list_classes(folder)
        check_same_classes(train, listing)
        return listing
    said = _classes_of(paths, [root, data_dir])
    label_of = {name: label for label, name in enumerate(train.classes)}
    kept = [path for path in paths if said[path.stem] in label_of]  # there may be fewer classes
    if not kept:
        raise DataError(f"data set 'imagenet': no image in {folder} is of a class in {train.root}")
    labels = tuple(label_of[said[path.stem]] for path in kept)
    return Listing(folder, train.classes, tuple(kept), labels)


def _classes_of(paths: list[Path], places: list[Path]) -> dict[str, str]:
    """The class of each image, by file name without suffix."""
    for place in places:
        if (place / _SOLUTION).is_file():
            found = _from_solution(place / _SOLUTION)
        elif (place / _DEVKIT / _TRUTH).is_file():
            found = _from_devkit(place / _DEVKIT)
        else:
            continue
        unknown = [path for path in paths if path.stem not in found]
        if unknown:
            raise DataError(
                f"data set 'imagenet': {place} has no class for {unknown[0]}"
                + (f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else "")
            )
        return found
    raise missing(
        ImageNet.name,
        sought=places[0] / _DEVKIT / _TRUTH,
        remedy=f"The images of {paths[0].parent} are not in class folders, and no file gives "
        f"their classes. Put ILSVRC2012_devkit_t12/, unpacked, or Kaggle's {_SOLUTION} "
        "next to val/, or the images into val/<wnid>/.",
    )


def _from_solution(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) == 2]
    return {name: prediction.split()[0] for name, prediction in rows[1:] if prediction.split()}


def _from_devkit(folder: Path) -> dict[str, str]:
    from scipy.io import loadmat

    try:
        synsets = loadmat(str(folder / _META), squeeze_me=True)["synsets"]
        numbers = (folder / _TRUTH).read_text(encoding="ascii").split()
        wnids = {int(each["ILSVRC2012_ID"]): str(each["WNID"]) for each in synsets.reshape(-1)}
        return {
            f"ILSVRC2012_val_{place:08}": wnids[int(number)]
            for place, number in enumerate(numbers, start=1)
        }
    except Exception as problem:  # scipy raises many different classes for a damaged file
        raise DataError(
            f"data set 'imagenet': {folder}: expected {_META} and {_TRUTH} of the development "
            f"kit, as they were unpacked ({type(problem).__name__}: {problem})"
        ) from problem
