"""Check whether images fit into memory, before reading them."""

from pathlib import Path

from evonas.errors import DataError

GIB = 2**30
COPIES = 3  # what was read, the parts it is divided into, and their framed copies


def check_room(num_images: int, side: tuple[int, int], *, what: str) -> None:
    """Refuse images that would not fit into the memory that is free.

    Args:
        num_images: how many there are, in colour.
        side: their height and width.
        what: they are, for the message.

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
    """Free or reclaimable memory; None if unknown.

    Args:
        meminfo: Linux's own account.
    """
    try:
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):  # not a Linux
        pass
    return None
