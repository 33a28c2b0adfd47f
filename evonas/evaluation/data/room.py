"""Check whether images fit into memory before they are read."""

from pathlib import Path

from evonas.errors import DataError

GIB = 2**30
COPIES = 3  # the images as read, the parts they are divided into, and the framed copies


def check_room(num_images: int, side: tuple[int, int], *, what: str) -> None:
    """Reject images that would not fit into the available memory.

    Args:
        num_images: number of colour images.
        side: height and width of an image.
        what: description of the images, for the message.

    Raises:
        DataError: they do not fit.
    """
    free = free_bytes()
    needed = COPIES * num_images * 3 * side[0] * side[1]
    if free is not None and needed > free:
        raise DataError(
            f"{what}: {num_images:,} images of {side[1]}x{side[0]} pixels need {needed / GIB:.1f} "
            f"GiB of memory, {free / GIB:.1f} are free; give --image-storage disk, or a smaller "
            "--image-size"
        )


def free_bytes(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """Bytes of memory available to this process; None if the system does not report it.

    Args:
        meminfo: Linux's memory statistics.
    """
    try:
        for line in meminfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):  # not a Linux
        pass
    return None
