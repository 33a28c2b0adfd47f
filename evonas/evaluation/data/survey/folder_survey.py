"""Survey a folder of images; files already decoded in this process are not decoded again."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from evonas.evaluation.data.fitting import CROP, Fitting
from evonas.evaluation.data.folder.listing import (
    FLAT_TEST_SHARE,
    TEST,
    VALIDATION,
    Layout,
    Listing,
    unread,
)
from evonas.evaluation.data.folder.notes import Note, Unreadable, identity, remembered
from evonas.evaluation.data.folder.reading import decoded
from evonas.evaluation.data.survey.contact_sheet import COLUMNS, ROWS
from evonas.evaluation.data.survey.duplicates import SurveyedImage, duplicates
from evonas.evaluation.data.survey.survey import Advance, Survey, class_counts

Array = np.ndarray[Any, Any]


def survey_files(
    layout: Layout, *, name: str, root: Path, fitting: Fitting, advance: Advance
) -> Survey:
    """Survey every image of a layout.

    Args:
        layout: layout of the data set.
        name: name of the data set.
        root: folder of the data set.
        fitting: size that images are fitted to.
        advance: callback for progress.
    """
    parts = layout.parts()
    total, done = sum(map(len, parts.values())), 0
    images: list[SurveyedImage] = []
    bad: list[str] = []
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    turned = animated = enlarged = 0
    num_classes = len(layout.train.classes)
    scaled_side = min if fitting.fit == CROP else max  # the side that becomes the size
    shapes = set()
    for part, listing in parts.items():
        labels = iter(listing.labels)
        for path, note in zip(listing.paths, _notes(listing, fitting=fitting), strict=True):
            done += 1
            advance(done, total)
            label = next(labels)
            if isinstance(note, Unreadable):
                bad.append(note.why)
                continue
            images.append(SurveyedImage(str(path.relative_to(root)), part, label, note.digest))
            sizes[note.size] += 1
            modes[note.mode] += 1
            turned += note.is_turned
            animated += note.num_frames > 1
            enlarged += fitting.size is not None and scaled_side(note.size) < fitting.size
            shapes.add(note.size)
    return Survey(
        name=name,
        root=root,
        class_names=layout.train.classes,
        counts={
            part: class_counts([each.label for each in images if each.part == part], num_classes)
            for part in parts
        },
        samples=(
            _samples(layout.train, fitting=fitting)
            if fitting.size is not None or len(shapes) == 1
            else {}
        ),
        duplicates=duplicates(images),
        remarks=tuple(_remarks(layout)),
        bad=tuple(bad),
        num_files=total,
        sizes=sizes,
        modes=modes,
        num_turned=turned,
        num_animated=animated,
        num_enlarged=enlarged,
        unread=unread(root),
    )


def _notes(listing: Listing, *, fitting: Fitting) -> Iterator[Note | Unreadable]:
    """Yield the notes on each file, in order; files are decoded unless that was done before."""
    known = remembered(tuple(map(identity, listing.paths)), fitting)
    if known is not None:
        yield from known
        return
    for _, image in decoded(listing.paths, fitting=fitting):
        yield image if isinstance(image, Unreadable) else Note.of(image)


def _samples(train: Listing, *, fitting: Fitting) -> dict[int, list[Array]]:
    """Decode the first images of those classes that the contact sheet shows."""
    found: dict[int, list[Array]] = {label: [] for label in range(len(train.classes))}
    paths: list[tuple[Path, int]] = []
    counts: Counter[int] = Counter()
    for path, label in zip(train.paths, train.labels, strict=True):
        if label < ROWS and counts[label] < 2 * COLUMNS:  # spares, as some may be unreadable
            counts[label] += 1
            paths.append((path, label))
    images = decoded([path for path, _ in paths], fitting=fitting)
    for (_, label), (_, image) in zip(paths, images, strict=True):
        if not isinstance(image, Unreadable) and len(found[label]) < COLUMNS:
            found[label].append(fitting.fitted(image.pixels))
    return found


def _remarks(layout: Layout) -> list[str]:
    if layout.is_flat:
        return [
            f"no train/ and test/: {FLAT_TEST_SHARE:.0%} of each class is set aside as the "
            f"test part"
        ]
    if layout.test is None:
        return [
            "no test/: there are no images to confirm the front on; use --confirm 0, or add test/"
        ]
    if VALIDATION in layout.names and TEST not in layout.names:
        return [f"no test/: {layout.names[VALIDATION]}/ is used as the test part"]
    return []
