"""A progress bar for the first read of a data set's files, which may take minutes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from evonas.api.progress_bar import count_display
from evonas.evaluation.data.folder.watching import decoding_progress


@contextmanager
def reading_bar(*, is_quiet: bool) -> Iterator[None]:
    """Show how many image files are decoded inside this block; nothing if none are.

    Args:
        is_quiet: whether to show nothing.
    """
    shows: list[Callable[[int, int], None]] = []
    with ExitStack() as stack:

        def advance(done: int, total: int) -> None:
            if not shows:  # a bar that is drawn at once would stay at 0/? if nothing is decoded
                bar = count_display(title="Reading", unit="images", is_quiet=is_quiet)
                shows.append(stack.enter_context(bar))
            shows[0](done, total)

        with decoding_progress(advance):
            yield
