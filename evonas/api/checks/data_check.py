"""The check of a data set before a search."""

from collections.abc import Callable
from pathlib import Path

from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.image_files import AbstractImageFiles
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import source_of
from evonas.evaluation.data.place import default_data_dir
from evonas.evaluation.data.sources.base import MissingDataError
from evonas.evaluation.data.survey.contact_sheet import write_sheet
from evonas.evaluation.data.survey.folder_survey import survey_files
from evonas.evaluation.data.survey.loaded_survey import survey_images
from evonas.evaluation.data.survey.survey import Survey
from evonas.settings import Settings

SHEET = "images.png"
"""Contact sheet in a run's folder: the images as its networks see them."""


def check_data(
    dataset: str = "folder",
    *,
    data_dir: Path | None = None,
    fitting: Fitting | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Survey:
    """What a data set holds: images of each class and part, bad files, duplicates.

    Args:
        dataset: name of the data set.
        data_dir: its folder; None for the default.
        fitting: how a search would resize the images; None keeps their size.
        on_progress: called with the number of files read and their total.

    Raises:
        UnknownNameError: no data set has this name.
        DataError: it is missing, or its folders are not laid out as required.
    """
    root, fitting = data_dir or default_data_dir(), fitting or Fitting()
    source = source_of(dataset, root, fitting=fitting)
    if isinstance(source, AbstractImageFiles):
        return survey_files(
            source.layout(root), name=dataset, root=root, fitting=source.fitting,
            advance=on_progress,
        )  # fmt: skip
    parts: dict[str, Images | None] = {
        "train": source.load_train(root, download=False),
        "validation": source.load_validation(root, download=False),
    }
    try:
        parts["test"] = source.load_test(root, download=False)
    except MissingDataError:  # a data set may have none
        parts["test"] = None
    found = {name: images for name, images in parts.items() if images is not None}
    return survey_images(found, source.traits(root), root=root)


def write_contact_sheet(survey: Survey, path: Path) -> bool:
    """Draw what the network will see; returns whether there was anything to draw.

    Raises:
        OSError: the picture cannot be written.
    """
    rows = [(survey.class_names[label], images) for label, images in survey.samples.items()]
    if not any(images for _, images in rows):
        return False
    write_sheet(path, rows)
    return True


def survey_of_run(settings: Settings) -> Survey:
    """The survey of the images of a run.

    Args:
        settings: resolved settings of the run.

    Raises:
        DataError: see :func:`check_data`.
    """
    training = settings.training
    return check_data(
        training.dataset, data_dir=Path(training.data_dir), fitting=Fitting.of(training)
    )
