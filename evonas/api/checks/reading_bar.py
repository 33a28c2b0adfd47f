"""A progress bar for the first read of a data set's files, which may take minutes."""

from collections.abc import Iterator
from contextlib import contextmanager

from evonas.api.progress_bar import count_display
from evonas.evaluation.data.folder.watching import decoding_progress


@contextmanager
def reading_bar(*, is_quiet: bool) -> Iterator[None]:
    """Show how many image files are decoded inside this block; nothing if none are.

    Args:
        is_quiet: whether to show nothing.
    """
    with (
        count_display(title="Reading", unit="images", is_quiet=is_quiet) as show,
        decoding_progress(show),
    ):
        yield
