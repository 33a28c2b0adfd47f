"""Download and read data sets with torchvision, with one error for everything that can fail."""

import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from http.client import HTTPException
from pathlib import Path
from typing import TypeVar
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout

from evonas.evaluation.data.sources.base import missing

Read = TypeVar("Read")

_PARTIAL_CONTENT = 206  # HTTP status: the response is the requested part of the file
_PATIENCE_SECONDS = 60.0
_CHUNK_BYTES = 2**18
_SILENT_SECONDS = 3.0  # as long as another process may merely be reading

# raised by torchvision and NumPy for missing, truncated and wrong files (md5), and by the network
_ERRORS = (
    OSError, RuntimeError, ValueError, AssertionError, EOFError, KeyError, zipfile.BadZipFile,
    zlib.error, HTTPException,
)  # fmt: skip


def read_or_explain(
    read: Callable[[], Read],
    *,
    name: str,
    data_dir: Path,
    sought: Path,
    by_hand: str,
    addresses: Sequence[str],
    download: bool,
) -> Read:
    """Call ``read``, and turn its errors into one that says what to do.

    If a download was requested, no other process downloads the same data set to the same folder
    meanwhile.

    Args:
        read: function that downloads the data if requested, and reads them.
        name: name of the data set.
        data_dir: folder of all data sets.
        sought: file or folder where the data are expected.
        by_hand: instruction for a manual download, in the imperative, without a full stop.
        addresses: addresses that the data are downloaded from.
        download: whether a download was requested.

    Raises:
        DataError: it could not be read; the message says how to get it, or which download failed.
    """
    try:
        with _alone(data_dir, name) if download else nullcontext():
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


@contextmanager
def _alone(data_dir: Path, name: str) -> Iterator[None]:
    """Wait until no other process downloads this data set; keep others waiting until the end."""
    lock = FileLock(data_dir / f".{name}.lock")
    # a folder that cannot be written gets no download either; some file systems have no locks
    with suppress(OSError, NotImplementedError):
        data_dir.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=_SILENT_SECONDS)
        except Timeout:
            said = f"Waiting: another process is downloading '{name}' to {data_dir}."
            print(said, file=sys.stderr, flush=True)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


def finish_download(addresses: Sequence[str], path: Path, *, md5: str) -> None:
    """Download the missing rest of a truncated file, if its server supports that.

    torchvision then finds a complete file. In every other case it downloads the file from the
    beginning and reports any errors.

    Args:
        addresses: addresses of the file; the first that provides the rest is used.
        path: path of the truncated file.
        md5: md5 of the complete file.
    """
    from torchvision.datasets.utils import check_integrity

    if not path.is_file() or not path.stat().st_size or check_integrity(str(path), md5):
        return
    for address in addresses:
        with suppress(OSError, ValueError, HTTPException):
            if _append_rest(address, path):
                break
    else:
        return
    if not check_integrity(str(path), md5):  # the rest belonged to another file
        path.unlink()


def _append_rest(address: str, path: Path) -> bool:
    """Append the rest of the file; False if the server cannot send only the rest."""
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
