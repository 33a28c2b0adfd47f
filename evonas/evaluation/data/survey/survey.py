"""Results of surveying a data set before a search: counts, sizes, problems and warnings."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import numpy as np

from evonas.errors import some
from evonas.evaluation.data.fingerprint import pixel_digest
from evonas.evaluation.data.fitting import SKIP, Fitting
from evonas.evaluation.data.folder.listing import how_to_convert
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.survey.balance import class_weights, imbalance
from evonas.evaluation.data.survey.contact_sheet import COLUMNS
from evonas.evaluation.data.survey.duplicates import Duplicates, SurveyedImage

FEW = 10  # images per class; with fewer, the accuracy of a class says little
UNEVEN = 3  # ratio of the largest to the smallest class from which a warning is given

Array = np.ndarray[Any, Any]
Advance = Callable[[int, int], None]
"""Called with the number of images surveyed so far, and their total."""


@final
@dataclass(frozen=True)
class Survey:
    """The content of a data set, and what is unusual about it.

    Attributes:
        name: name of the data set.
        root: folder of the data set.
        class_names: names in the order of the labels.
        counts: number of usable images of each class, by part.
        samples: some training images of each class, (height, width, channels), as the network
            sees them; empty if images have different sizes.
        duplicates: groups of identical images.
        remarks: remarks on the layout of the folder.
        bad: for each unusable file, the reason.
        num_files: number of files surveyed.
        sizes: number of files of each (width, height).
        modes: number of files of each pixel mode, as Pillow names it.
        num_turned: number of files rotated or mirrored according to their orientation tag.
        num_animated: number of files with several images, of which the first is used.
        num_enlarged: number of files smaller than the requested size.
        unread: number of files not taken for images, by suffix.
    """

    name: str
    root: Path
    class_names: tuple[str, ...]
    counts: dict[str, list[int]]
    samples: dict[int, list[Array]]
    duplicates: Duplicates
    remarks: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    num_files: int = 0
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    num_turned: int = 0
    num_animated: int = 0
    num_enlarged: int = 0
    unread: Counter[str] = field(default_factory=Counter)

    def problems(self, fitting: Fitting) -> list[str]:
        """Problems that prevent a search.

        Args:
            fitting: fitting with which the search would read the files.
        """
        found = []
        if self.bad and fitting.unreadable != SKIP:
            found.append(
                f"{len(self.bad):,} of {self.num_files:,} files cannot be used: repair or remove "
                "them, or leave them out by --unreadable skip"
            )
        if len(self.class_names) < 2:
            found.append(f"one class only: {self.class_names[0]}")
        if not self.samples:
            found.append(
                f"images of {len(self.sizes):,} sizes: resize them to one with --image-size, "
                f"such as "
                "--image-size 32"
            )
        for part, counts in self.counts.items():
            # without a validation part, some of the training images are used for validation
            least = 2 if part == "train" and "validation" not in self.counts else 1
            scarce = [
                name for name, count in zip(self.class_names, counts, strict=True) if count < least
            ]
            if scarce and part != "test":
                found.append(f"fewer than {least} usable images in {part}: {some(scarce)}")
        return found

    def warnings(self) -> list[str]:
        """Warnings: a search can run despite them, but the user may want to change the data."""
        return [*self.remarks, *self._of_files(), *self._of_classes(), *self._of_duplicates()]

    def _of_files(self) -> Iterator[str]:
        if self.unread:
            found = ", ".join(f"{count:,} {suffix}" for suffix, count in self.unread.most_common())
            yield f"ignored files: {found}; {how_to_convert(self.unread)}"
        if self.num_enlarged:
            yield f"images enlarged to the requested size: {self.num_enlarged:,}"

    def _of_classes(self) -> Iterator[str]:
        train = self.counts["train"]
        small = [name for name, count in zip(self.class_names, train, strict=True) if count < FEW]
        if small:
            yield f"fewer than {FEW} training images: {some(small)}"
        if min(train) and imbalance(train) >= UNEVEN:
            yield (
                f"the largest class has {imbalance(train):.1f} times the images of the smallest: "
                "large classes dominate the accuracy. Class weights that balance them: "
                f"{min(class_weights(train)):.2f} to {max(class_weights(train)):.2f}"
            )

    def _of_duplicates(self) -> Iterator[str]:
        for groups, what in (
            (self.duplicates.between_parts, "images in more than one part"),
            (self.duplicates.between_classes, "images in more than one class"),
        ):
            if groups:
                names = [" = ".join(each.name for each in group) for group in groups]
                yield f"{what}: {len(groups):,} ({some(names, most=3)})"
        spare = self.duplicates.num_spare
        if spare:
            yield f"exact copies of other images: {spare:,}"


def surveyed(name: str, part: str, label: int, pixels: Array) -> SurveyedImage:
    """Record one image with the digest of its pixels."""
    return SurveyedImage(name, part, label, pixel_digest(pixels))


def class_counts(labels: Sequence[int], num_classes: int) -> list[int]:
    """Number of images of each class."""
    found = Counter(labels)
    return [found[label] for label in range(num_classes)]


def samples_of(images: Images, num_classes: int) -> dict[int, list[Array]]:
    """First images of each class."""
    found: dict[int, list[Array]] = {label: [] for label in range(num_classes)}
    for index, label in enumerate(images.labels.tolist()):
        if len(found[label]) < COLUMNS:
            found[label].append(images.pixels[index].permute(1, 2, 0).numpy())
    return found
