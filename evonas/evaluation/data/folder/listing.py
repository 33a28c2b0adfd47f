"""List which image of a folder belongs to which part and class, without opening any image.

train/CLASS/*  [val/CLASS/*]  test/CLASS/*      divided already
CLASS/*                                         flat: a fifth becomes the test part
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from evonas.errors import DataError, some
from evonas.evaluation.data.folder.decoding import SUFFIXES
from evonas.evaluation.data.sources.base import missing
from evonas.evaluation.data.split import share_of, stratified_part
from evonas.file_names import path_text

TRAIN, VALIDATION, TEST = "train", "validation", "test"
NAMES = {
    TRAIN: ("train", "training"),
    VALIDATION: ("val", "valid", "validation"),
    TEST: ("test", "testing"),
}
"""Accepted names for the folder of each part, in upper or lower case."""

FLAT_TEST_SHARE = 0.2
FLAT_TEST_SEED = 0  # constant, so that all studies have the same test part

_SYSTEM = ("__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN", "System Volume Information")
_NOT_MEANT = (".txt", ".csv", ".json", ".md", ".db", ".ini", ".xml", ".yaml", ".yml", ".html", "")


@final
@dataclass(frozen=True)
class Listing:
    """The images of one part.

    Attributes:
        root: folder that contains them.
        classes: names of the classes in the order of the labels, which is alphabetical.
        paths: paths of the images, class by class, in the order of their names.
        labels: labels of the images.
    """

    root: Path
    classes: tuple[str, ...]
    paths: tuple[Path, ...]
    labels: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def counts(self) -> list[int]:
        """Number of images of each class."""
        found = Counter(self.labels)
        return [found[label] for label in range(len(self.classes))]

    def subset(self, index: Sequence[int]) -> "Listing":
        """The images at ``index``, in that order."""
        return Listing(
            self.root,
            self.classes,
            tuple(self.paths[i] for i in index),
            tuple(self.labels[i] for i in index),
        )


@final
@dataclass(frozen=True)
class Layout:
    """The parts of a data set in folders.

    Attributes:
        train: images that candidates are trained on, and also compared on if there is no
            validation part.
        validation: images that candidates are compared on; None if there is no such part.
        test: test images; None if there are none.
        is_flat: whether the folder had no parts, so that the test part was drawn from all images.
        names: folder of each part, such as ``{"validation": "val"}``; empty for a flat folder.
    """

    train: Listing
    validation: Listing | None
    test: Listing | None
    is_flat: bool
    names: dict[str, str]

    def parts(self) -> dict[str, Listing]:
        """The existing parts, by name."""
        found = {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}
        return {name: listing for name, listing in found.items() if listing is not None}


def layout_of(root: Path) -> Layout:
    """Find the parts and classes under ``root``.

    If there are both ``val`` and ``test``, candidates are compared on ``val``. Without ``test``,
    ``val`` is read as the test part, as for ImageNet.

    Raises:
        DataError: there are no images, a class has none, ``train`` is missing, a part has two
            folders, or the parts differ in their classes.
    """
    folders = list(_folders(root))
    parts = _named_parts(root, folders)
    if not parts:
        return _flat(root)
    if TRAIN not in parts:
        found = ", ".join(f"{folder.name}/" for folder in parts.values())
        raise DataError(f"data set 'folder': {root} holds {found} but no train/; add it")
    names = {part: folder.name for part, folder in parts.items()}
    if VALIDATION in parts and TEST not in parts:
        parts[TEST] = parts.pop(VALIDATION)
    listings = {part: list_classes(folder) for part, folder in parts.items()}
    for listing in listings.values():
        check_same_classes(listings[TRAIN], listing)
    return Layout(
        train=listings[TRAIN],
        validation=listings.get(VALIDATION),
        test=listings.get(TEST),
        is_flat=False,
        names=names,
    )


def list_classes(root: Path) -> Listing:
    """List the images under ``root``, whose visible subfolders are the classes.

    Raises:
        DataError: there are no images, or a class has none.
    """
    classes: list[str] = []
    paths: list[Path] = []
    labels: list[int] = []
    empty: list[str] = []
    for folder in _folders(root):
        images = [path for path in _files(folder) if path.suffix.lower() in SUFFIXES]
        if not images:
            empty.append(folder.name)
        paths += images
        labels += [len(classes)] * len(images)
        classes.append(path_text(folder.name))
    if not paths:
        raise _none(root)
    if empty:
        raise DataError(
            f"data set 'folder': no image in {some([f'{root / name}' for name in empty])}: put "
            f"images there (files ending in {', '.join(SUFFIXES)}), or remove the folder"
            + _of_others(root)
        )
    return Listing(root, tuple(classes), tuple(paths), tuple(labels))


def loose_images(root: Path) -> list[Path]:
    """The images directly in a folder, in the order of their names."""
    return sorted(
        each
        for each in root.iterdir()
        if _is_visible(each) and each.suffix.lower() in SUFFIXES and each.is_file()
    )


def unread(root: Path) -> Counter[str]:
    """Count the visible files that are not taken for images, by suffix: ``{".heic": 12}``.

    Text files and tables, which often accompany images, are not counted.
    """
    return Counter(
        suffix
        for path in _files(root)
        if (suffix := path.suffix.lower()) not in SUFFIXES and suffix not in _NOT_MEANT
    )


def how_to_convert(unread: Iterable[str]) -> str:
    """Advice on converting files of unsupported formats.

    Args:
        unread: suffixes of the files.
    """
    if any(suffix in (".heic", ".heif") for suffix in unread):
        return (
            "convert HEIC by `magick mogrify -format jpg *.heic` (ImageMagick), or on macOS by "
            "`sips -s format jpeg *.heic --out FOLDER`"
        )
    return "convert images to JPEG or PNG"


def _flat(root: Path) -> Layout:
    whole = list_classes(root)
    if len(whole.classes) == 1 and len(list(_folders(root / whole.classes[0]))) > 1:
        raise DataError(
            f"data set 'folder': {root} holds one folder only; did you mean "
            f"--data-dir {root / whole.classes[0]}?"
        )
    test, rest = stratified_part(
        torch.tensor(whole.labels),
        num_images=share_of(len(whole), FLAT_TEST_SHARE),
        seed=FLAT_TEST_SEED,
    )
    return Layout(
        train=whole.subset(rest.tolist()),
        validation=None,
        test=whole.subset(test.tolist()),
        is_flat=True,
        names={},
    )


def _named_parts(root: Path, folders: Sequence[Path]) -> dict[str, Path]:
    parts: dict[str, Path] = {}
    for part, names in NAMES.items():
        found = [folder for folder in folders if folder.name.lower() in names]
        if len(found) > 1:
            twice = " and ".join(f"{folder.name}/" for folder in found)
            raise DataError(f"data set 'folder': {root} holds {twice}; expected one of them")
        if found:
            parts[part] = found[0]
    return parts


def check_same_classes(train: Listing, other: Listing) -> None:
    """Reject a part whose classes differ from those of the training part.

    Raises:
        DataError: they differ.
    """
    different = sorted(set(train.classes) ^ set(other.classes))
    if different:
        raise DataError(
            f"data set 'folder': {other.root} must hold the classes of {train.root}; "
            f"only one of them has {some(different)}"
        )


def _folders(root: Path) -> Iterator[Path]:
    if root.is_dir():
        yield from sorted(each for each in root.iterdir() if each.is_dir() and _is_visible(each))


def _files(root: Path) -> list[Path]:
    """All visible files under ``root``, in the order of torchvision's ImageFolder."""
    return sorted(_walk(root), key=lambda path: (str(path.parent), path.name))


def _walk(root: Path) -> Iterator[Path]:
    for each in root.iterdir():
        if _is_visible(each):
            if each.is_dir():
                yield from _walk(each)
            else:
                yield each


def _is_visible(path: Path) -> bool:
    return not path.name.startswith(".") and path.name not in _SYSTEM


def _of_others(root: Path) -> str:
    """A remark on image files of unsupported formats; empty if there are none."""
    found = unread(root) if root.is_dir() else Counter[str]()
    heic = sum(found[suffix] for suffix in (".heic", ".heif"))
    return f". {heic:,} HEIC files are there: {how_to_convert(found)}" if heic else ""


def _none(root: Path) -> DataError:
    loose = sum(path.suffix.lower() in SUFFIXES for path in _files(root)) if root.is_dir() else 0
    found = f" ({loose} images are there, outside any class folder)" if loose else ""
    return missing(
        "folder",
        sought=root,
        remedy=f"Put images there{found}, one folder per class, as train/<class>/<image> and "
        f"test/<class>/<image>, or as <class>/<image>{_of_others(root)}.",
    )
