"""Data sets that torchvision reads and can fetch: one error that says what was tried."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.request import Request, urlopen

from evonas.evaluation.data.sources.base import missing

Read = TypeVar("Read")

_PARTIAL_CONTENT = 206  # of HTTP: a part of the file, as was asked for
_PATIENCE_SECONDS = 60.0
_CHUNK_BYTES = 2**18

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
        name: name of the data set.
        sought: its expected place.
        by_hand: what to put there, as an instruction without a full stop.
        addresses: where it is fetched from.
        download: whether to download it.

    Raises:
        DataError: it could not be read; the message says how to get it, or which download failed.
    """
    try:
        return read()
    except _ERRORS as error:
        if not download:
            remedy = f"Pass --download, or {by_hand}."
        else:
            said = " ".join(str(error).split()) or type(error).__name__
            remedy = (
                f"The download from {', '.join(addresses)} failed ({said}). Try again later, or "
                f"{by_hand}."
            )
        raise missing(name, sought=sought, remedy=remedy) from error


def finish_download(addresses: Sequence[str], path: Path, *, md5: str) -> None:
    """Complete a truncated file, if its server supports that.

    torchvision finds a whole file then; in every other case it fetches it from its beginning, and
    says what goes wrong.

    Args:
        addresses: addresses of the file; the first that answers is taken.
        path: path of the file.
        md5: MD5 hash of the whole file.
    """
    from torchvision.datasets.utils import check_integrity

    if not path.is_file() or not path.stat().st_size or check_integrity(str(path), md5):
        return
    for address in addresses:
        with suppress(OSError, ValueError):
            if _append_rest(address, path):
                break
    else:
        return
    if not check_integrity(str(path), md5):  # the rest was of another file
        path.unlink()


def _append_rest(address: str, path: Path) -> bool:
    """Whether the server gave the rest alone."""
    from torchvision.datasets.utils import tqdm

    headers = {"Range": f"bytes={path.stat().st_size}-", "User-Agent": "pytorch/vision"}
    with urlopen(Request(address, headers=headers), timeout=_PATIENCE_SECONDS) as response:
        if response.status != _PARTIAL_CONTENT:
            return False
        with (
            path.open("ab") as file,
            tqdm(total=response.length, unit="B", unit_scale=True) as progress,
        ):
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                progress.update(len(chunk))
    return True
