"""What this process and all that it has started take of the machine, as Linux counts it."""

import os
from collections.abc import Iterator
from pathlib import Path


def process_ids() -> Iterator[int]:
    """Of this process and of all below it."""
    pending = [os.getpid()]
    while pending:
        process = pending.pop()
        yield process
        try:
            for task in Path(f"/proc/{process}/task").iterdir():
                pending += [int(each) for each in (task / "children").read_text().split()]
        except OSError:  # it has ended
            continue


def memory_bytes() -> int:
    """Proportional set size of all of them: what they share is counted once."""
    total = 0
    for process in process_ids():
        try:
            text = Path(f"/proc/{process}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(
            int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")
        )
    return total


def num_open_files() -> int:
    """Of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


def num_shared_segments() -> int:
    """Of torch, that lie in the memory which processes share."""
    return sum(each.name.startswith("torch_") for each in Path("/dev/shm").iterdir())
