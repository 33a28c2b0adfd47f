"""The survey of a folder of images: every file is opened once."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.listing import (
    FLAT_TEST_SHARE,
    TEST,
    TRAIN,
    VALIDATION,
    Layout,
    layout_of,
    unread,
)
from evonas.evaluation.data.folder.reading import Unreadable, decoded
from evonas.evaluation.data.survey.contact_sheet import COLUMNS
from evonas.evaluation.data.survey.duplicates import Seen, duplicates
from evonas.evaluation.data.survey.survey import Advance, Survey, counted, seen

Array = np.ndarray[Any, Any]


def survey_folder(root: Path, *, fitting: Fitting, advance: Advance) -> Survey:
    """Look at every image under ``root``.

    Args:
        root: the folder of the data set.
        fitting: the size that images are brought to.
        advance: told of progress.

    Raises:
        DataError: the folders of parts and classes are not what they must be.
    """
    layout = layout_of(root)
    parts = layout.parts()
    total, done = sum(map(len, parts.values())), 0
    images: list[Seen] = []
    bad: list[str] = []
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    turned = animated = enlarged = 0
    samples: dict[int, list[Array]] = {label: [] for label in range(len(layout.train.classes))}
    shapes = set()
    for part, listing in parts.items():
        labels = dict(zip(listing.paths, listing.labels, strict=True))
        for path, image in decoded(listing.paths, fitting=fitting):
            done += 1
            advance(done, total)
            if isinstance(image, Unreadable):
                bad.append(image.why)
                continue
            label = labels[path]
            images.append(seen(str(path.relative_to(root)), part, label, image.pixels))
            sizes[image.size] += 1
            modes[image.mode] += 1
            turned += image.is_turned
            animated += image.num_frames > 1
            enlarged += fitting.size is not None and min(image.size) < fitting.size
            shapes.add(image.size)
            if part == TRAIN and len(samples[label]) < COLUMNS:
                samples[label].append(fitting.fitted(image.pixels))
    return Survey(
        name="folder",
        root=root,
        class_names=layout.train.classes,
        counts={
            part: counted([each.label for each in images if each.part == part], len(samples))
            for part in parts
        },
        samples=samples if fitting.size is not None or len(shapes) == 1 else {},
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


def _remarks(layout: Layout) -> list[str]:
    if layout.is_flat:
        return [f"no train/ and test/: {FLAT_TEST_SHARE:.0%} of each class is set apart as test"]
    if layout.test is None:
        return ["no test/: a run has no images to be confirmed on; use --confirm 0, or add test/"]
    if VALIDATION in layout.names and TEST not in layout.names:
        return [f"no test/: {layout.names[VALIDATION]}/ is read as the test part"]
    return []
