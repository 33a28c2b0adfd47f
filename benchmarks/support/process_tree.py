"""Memory, files and shared segments of this process and its descendants, as seen by Linux."""

import os
from collections.abc import Iterator
from pathlib import Path


def process_ids() -> Iterator[int]:
    """Ids of this process and all its descendants."""
    pending = [os.getpid()]
    while pending:
        process = pending.pop()
        yield process
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                pending += [int(each) for each in (task / "children").read_text().split()]
        except OSError:  # the process has ended
            continue


def memory_bytes() -> int:
    """Proportional set size of all these processes: shared memory is counted once."""
    total = 0
    for process in process_ids():
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8")
        except OSError:
            continue
        total += next(
            int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")
        )
    return total


def num_open_files() -> int:
    """Number of open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def num_shared_segments() -> int:
    """Number of shared memory segments of torch on this machine."""
    return sum(each.name.startswith("torch_") for each in Path("/dev/shm").iterdir())
