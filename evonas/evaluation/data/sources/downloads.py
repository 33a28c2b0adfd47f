"""Data sets that torchvision reads and can fetch: one error that says what was tried."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from evonas.evaluation.data.sources.base import missing

Read = TypeVar("Read")

# of torchvision, for files that are missing, cut short or of another md5, and of the network
_ERRORS = (OSError, RuntimeError, ValueError, AssertionError, EOFError, KeyError)


def read_or_tell(
    read: Callable[[], Read],
    *,
    name: str,
    sought: Path,
    by_hand: str,
    addresses: Sequence[str],
    download: bool,
) -> Read:
    """What ``read`` gives.

    Args:
        read: fetches where it is asked to, and reads.
        name: of the data set.
        sought: where it should lie.
        by_hand: what to put there, in the imperative, without a full stop.
        addresses: where it is fetched from.
        download: whether it was to be fetched.

    Raises:
        DataError: it could not be read; the message says how to get it, or what was tried.
    """
    try:
        return read()
    except _ERRORS as error:
        if not download:
            remedy = f"Pass --download, or {by_hand}."
        else:
            said = " ".join(str(error).split()) or type(error).__name__
            remedy = (
                f"Fetching it was tried ({said}) from {', '.join(addresses)}. Try again later, or "
                f"{by_hand}."
            )
        raise missing(name, sought=sought, remedy=remedy) from error
