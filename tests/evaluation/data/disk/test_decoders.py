"""Processes and threads that decode images during training, until they end or are killed.

The oracles are framed images in memory, and processes and open files, counted by Linux.
"""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evonas.errors import DataError
from evonas.evaluation.data.folder.disk.decoders import (
    THREADS_OF_A_WORKER,
    Decoders,
    choose_decoders,
    decoded_batches,
    killed_workers_as_data_errors,
    num_cores,
)
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.augment import frame, plan_epoch
from tests.evaluation.data.disk.two_storages import IN_MEMORY, ON_DISK, reader, train_images
from tests.evaluation.data.image_tree import SIZE, make_image_tree

PADDING = 3


@pytest.mark.parametrize(
    "decoders",
    [Decoders(2), Decoders(1, start_method="spawn"), Decoders(0, 3)],
    ids=["processes", "new interpreters", "threads"],
)
def test_decoded_batches_equal_framed_images_with_every_decoder(
    tree: Path, decoders: Decoders
) -> None:
    memory, disk = train_images(tree, IN_MEMORY), train_images(tree, ON_DISK)
    traits = replace(traits_of("folder", data_dir=tree, fitting=IN_MEMORY), crop_padding=PADDING)
    framed = frame(memory, traits=traits)
    plans = plan_epoch(framed, batch=5, generator=torch.Generator().manual_seed(2))
    before = torch.get_rng_state()
    found = list(
        decoded_batches(
            reader(disk).files, list(plans.numpy()), padding=PADDING, decoders=decoders
        )
    )
    assert torch.get_rng_state().equal(before)
    assert len(found) == len(plans) == 7
    for batch, plan in zip(found, plans, strict=True):
        for image, (number, top, left, is_mirrored) in zip(batch, plan.T.tolist(), strict=True):
            expected = framed.pixels[number, top : top + SIZE, left : left + SIZE]
            assert image.equal(expected.flip(1) if is_mirrored else expected)


def _decoders_of_a_daemon(queue: "multiprocessing.Queue[Decoders]") -> None:
    queue.put(choose_decoders(1))


@pytest.mark.parametrize("count", [0, 1])
def test_reader_yields_as_many_batches_as_planned(tree: Path, count: int) -> None:
    disk = train_images(tree, ON_DISK)
    numbers = np.arange(6)
    plan = np.stack([numbers, 0 * numbers, 0 * numbers, 0 * numbers])
    batches = list(reader(disk).batches([plan] * count, padding=0, may_start_processes=False))
    assert len(batches) == count
    for batch in batches:
        assert batch.equal(reader(disk).read(range(6)).permute(0, 2, 3, 1))


def test_threads_decode_where_processes_are_unavailable(tmp_path: Path) -> None:
    assert choose_decoders(1) == Decoders(min(16, num_cores()))
    small = choose_decoders(2**60, shared_memory=tmp_path)
    assert (small.processes, small.threads) == (0, min(16, num_cores()))
    assert "MiB, and processes need" in str(small)
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[Decoders] = context.Queue()
    worker = context.Process(target=_decoders_of_a_daemon, args=(queue,), daemon=True)
    worker.start()
    found = queue.get(timeout=60)
    worker.join()
    assert (found.processes, found.threads) == (0, THREADS_OF_A_WORKER)


@pytest.mark.parametrize("decoders", [Decoders(2), Decoders(0, 2)], ids=["processes", "threads"])
def test_file_damaged_after_check_is_named_in_one_line(tmp_path: Path, decoders: Decoders) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    files = reader(train_images(root, ON_DISK)).files
    (root / "train" / "ash" / "02.png").write_text("no image")
    with pytest.raises(DataError, match=r"ash/02\.png: cannot be read") as told:
        list(decoded_batches(files, [np.arange(4)[None]], padding=0, decoders=decoders))
    assert "\n" not in str(told.value)


def children() -> set[int]:
    """Running child processes of this one."""
    found = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return {int(number) for path in found for number in path.read_text().split()}


def num_handles() -> int:
    """Open files and pipes of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@linux_only
def test_closing_batches_releases_workers_and_file_handles(tree: Path) -> None:
    files = reader(train_images(tree, ON_DISK)).files
    plans = [np.arange(6)[None]] * 20
    before = children()
    handles = []
    for _ in range(4):
        batches = decoded_batches(files, plans, padding=0, decoders=Decoders(2))
        next(batches)
        assert len(children() - before) == 2
        batches.close()
        assert children() == before
        handles.append(num_handles())
    # on a busy machine a pipe closes a moment later; a leak would not go away
    deadline = time.monotonic() + 20
    while num_handles() > handles[0] and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.1)
    assert num_handles() <= handles[0], handles


@linux_only
def test_no_process_is_started_where_none_may_be(tree: Path) -> None:
    before = children()
    batches = reader(train_images(tree, ON_DISK)).batches(
        [np.arange(6)[None]] * 20, padding=0, may_start_processes=False
    )
    next(batches)
    assert children() == before
    batches.close()


@linux_only
def test_killed_decoding_worker_raises_data_error(tree: Path) -> None:
    files = reader(train_images(tree, ON_DISK)).files
    before = children()

    def train() -> None:
        plans = [np.arange(6)[None]] * 500
        batches = decoded_batches(files, plans, padding=0, decoders=Decoders(1))
        with killed_workers_as_data_errors():
            for number, _ in enumerate(batches):
                if number == 1:
                    (worker,) = children() - before
                    os.kill(worker, signal.SIGKILL)

    with pytest.raises(DataError, match="decodes images was killed"):
        train()
    assert children() == before


@pytest.mark.parametrize(
    "problem", [ConnectionResetError(104, "Connection reset by peer"), EOFError("ended")]
)
def test_broken_worker_connection_is_reported_as_killed_worker(problem: Exception) -> None:
    with (
        pytest.raises(DataError, match="decodes images was killed"),
        killed_workers_as_data_errors(),
    ):
        raise problem


def test_unrelated_errors_pass_through() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), killed_workers_as_data_errors():
        raise RuntimeError("shapes differ")


SCRIPT = """
import sys, time
from pathlib import Path
import numpy as np
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.data.folder.disk.decoders import Decoders, decoded_batches
from evonas.evaluation.data.folder.source import Folder
images = Folder(Fitting(12, storage="disk")).load_train(Path(sys.argv[1]), download=False)
files = images.pixels.reader.files
batches = decoded_batches(files, [np.arange(6)[None]] * 900, padding=0, decoders=Decoders(2))
next(batches)
print("begun", flush=True)
time.sleep(600)
"""


@linux_only
def test_workers_do_not_outlive_killed_parent(tree: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tree)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    workers = [
        int(number)
        for path in Path(f"/proc/{process.pid}/task").glob("*/children")
        for number in path.read_text().split()
    ]
    assert len(workers) == 2
    process.kill()
    process.wait()
    process.stdout.close()
    limit = time.monotonic() + 3.0  # torch's own watchdog would take five seconds and more
    while any(map(is_alive, workers)) and time.monotonic() < limit:
        time.sleep(0.02)
    assert not any(map(is_alive, workers))


def is_alive(number: int) -> bool:
    try:
        state = (
            Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        )
    except OSError:
        return False
    return state not in "ZX"
