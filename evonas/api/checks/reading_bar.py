"""A bar while the files of a data set are read for the first time, which may take minutes."""

from collections.abc import Iterator
from contextlib import contextmanager

from evonas.api.progress_bar import count_display
from evonas.evaluation.data.folder.watching import told_of_files


@contextmanager
def reading_bar(*, is_quiet: bool) -> Iterator[None]:
    """Show how many image files were decoded in this block; nothing, where none are.

    Args:
        is_quiet: whether nothing is shown.
    """
    with (
        count_display(title="Reading", unit="images", is_quiet=is_quiet) as show,
        told_of_files(show),
    ):
        yield
