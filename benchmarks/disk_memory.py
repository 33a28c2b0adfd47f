"""Check whether memory grows during a training from disk: resident and live memory by epoch.

    python -m benchmarks.disk_memory FOLDER [--images 300] [--epochs 12] [--trim]

Resident memory of this process is read from Linux after each epoch, that of the workers in the
middle of the epoch. Python's garbage collector counts live objects, including tensors. The memory
that glibc has allocated and that it keeps free comes from its ``mallinfo2``. With ``--trim``,
glibc is asked after each epoch to return free memory.
"""

import argparse
import ctypes
import gc
from pathlib import Path

import torch

from benchmarks.support.jpeg_tree import make_tree
from benchmarks.support.process_tree import process_ids
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import plan_epoch, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.space import load

MIB = 2**20


class _Mallinfo2(ctypes.Structure):
    """Structure of glibc: bytes allocated from its heaps or mapped, and bytes it keeps free."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    ]  # fmt: skip


def resident_mib(process: int | str = "self") -> float:
    """Resident memory of one process in MiB."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def workers_mib() -> float:
    """Resident memory of all descendants in MiB; shared memory counts for each of them."""
    _, *below = process_ids()
    return sum(resident_mib(each) for each in below)


def main() -> None:
    """Print one row per epoch."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=300)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--trim", action="store_true")
    options = parser.parse_args()
    root = make_tree(options.folder / str(options.images), num_images=options.images)
    libc = ctypes.CDLL("libc.so.6")
    libc.mallinfo2.restype = _Mallinfo2
    source = Folder().at(Fitting(size=options.size, storage=DISK))
    traits = source.traits(root)
    images = training_images(source.load_train(root, download=False), traits=traits)
    space = load("tiny").resized(channels=8, cells=1).with_rules(("usf",))
    genome = space.parse("|conv_3x3~0|+|conv_3x3~1|+|sep_3x3~1| @ usf*2")
    network = candidate_network(space, genome, traits, seed=0)
    step = training_step(
        network, images, recipe=Recipe(options.epochs, options.batch), precision="fp32"
    )
    generator = torch.Generator().manual_seed(0)
    print(
        "epoch, resident MiB, workers MiB, glibc: handed out MiB, kept free MiB, objects, tensors"
    )
    with one_thread():
        for epoch in range(options.epochs):
            step.begin_epoch(plan_epoch(images, batch=options.batch, generator=generator))
            workers = 0.0
            for number in range(step.num_steps):
                step.fetch()
                step()
                if number == step.num_steps // 2:
                    workers = workers_mib()
            step.close()
            gc.collect()
            if options.trim:
                libc.malloc_trim(0)
            found = libc.mallinfo2()
            # do not keep the list: it would keep alive the objects that the next epoch frees
            kinds = [type(each) for each in gc.get_objects()]
            row = (
                resident_mib(), workers, (found.uordblks + found.hblkhd) / MIB,
                found.fordblks / MIB,
            )  # fmt: skip
            shown = ", ".join(f"{each:.1f}" for each in row)
            print(f"{epoch + 1}, {shown}, {len(kinds)}, {kinds.count(torch.Tensor)}", flush=True)


if __name__ == "__main__":
    main()
