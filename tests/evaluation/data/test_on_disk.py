"""Images that stay on disk; oracle: the same images in memory."""

import gc
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evonas.api.checks.data_check import check_data
from evonas.errors import ConfigError, DataError
from evonas.evaluation.data import known, storage
from evonas.evaluation.data.fitting import DISK, LETTERBOX, SKIP, Fitting
from evonas.evaluation.data.folder import checking, reading
from evonas.evaluation.data.folder.decoding import Decoded, decode
from evonas.evaluation.data.folder.disk import file_images
from evonas.evaluation.data.folder.disk.decoders import (
    THREADS_OF_A_WORKER,
    Decoders,
    choose_decoders,
    decoded_batches,
    killed_workers_as_data_errors,
    num_cores,
)
from evonas.evaluation.data.folder.disk.file_reader import FileReader
from evonas.evaluation.data.folder.disk.packed_paths import PackedPaths
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.folder.watching import decoding_progress
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import fingerprints, load_search_data, source_of, traits_of
from evonas.evaluation.data.sources.cifar import Cifar10
from evonas.evaluation.data.stored_pixels import StoredPixels
from evonas.evaluation.training.augment import frame, plan_epoch
from tests.evaluation.data.image_tree import SIZE, make_image_tree

IN_MEMORY = Fitting(SIZE)
ON_DISK = Fitting(SIZE, storage=DISK)
PADDING = 3


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_image_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(autouse=True)
def _empty_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVONAS_CACHE", str(tmp_path / "cache"))
    forget()


def forget() -> None:
    """Empty the caches, as in a new process."""
    checking._checked.cache_clear()
    reading._kept.cache_clear()
    from evonas.evaluation.data.folder import notes

    notes._LAST.clear()


def train_images(root: Path, fitting: Fitting) -> Images:
    return Folder(fitting).load_train(root, download=False)


def test_disk_images_equal_memory_images_under_every_indexing(tree: Path) -> None:
    for fit in ("crop", LETTERBOX):
        memory = train_images(tree, replace(IN_MEMORY, fit=fit))
        disk = train_images(tree, replace(ON_DISK, fit=fit))
        assert isinstance(disk.pixels, StoredPixels)
        assert disk.labels.equal(memory.labels)
        numbers = torch.tensor([5, 0, 35, 5])
        assert disk.pixels[3:9].equal(memory.pixels[3:9])
        assert disk.pixels[numbers].equal(memory.pixels[numbers])
        assert disk.subset(numbers).pixels[1:].equal(memory.pixels[numbers][1:])
        assert disk.pixels[7].equal(memory.pixels[7])
        assert torch.equal(disk.pixels / 255, memory.pixels / 255)
        assert torch.equal(disk.pixels[:, 0], memory.pixels[:, 0])
        assert np.array_equal(disk.pixels.numpy(), memory.pixels.numpy())
        both = disk.subset(numbers).with_more(disk.subset(numbers[:1]))
        assert torch.equal(both.pixels, memory.pixels[[5, 0, 35, 5, 5]])
        chunks = list(disk.chunks(7))
        assert [len(each) for each in chunks] == [7] * 5 + [1]
        assert torch.cat([each.pixels for each in chunks]).equal(memory.pixels)
        assert torch.cat([each.labels for each in chunks]).equal(memory.labels)


def test_disk_parts_traits_and_hashes_equal_those_in_memory(tree: Path) -> None:
    for num_images in (None, 9):
        memory, disk = (
            load_search_data("folder", data_dir=tree, seed=4, num_images=num_images, fitting=each)
            for each in (IN_MEMORY, ON_DISK)
        )
        assert disk.traits == memory.traits
        for mine, theirs in ((disk.train, memory.train), (disk.validation, memory.validation)):
            assert mine.labels.equal(theirs.labels)
            assert torch.equal(mine.pixels, theirs.pixels)
    assert fingerprints("folder", data_dir=tree, fitting=ON_DISK) == fingerprints(
        "folder", data_dir=tree, fitting=IN_MEMORY
    )
    assert traits_of("folder", data_dir=tree, fitting=ON_DISK).shape == (3, SIZE, SIZE)


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


def reader(images: Images) -> FileReader:
    assert isinstance(images.pixels, StoredPixels)
    assert isinstance(images.pixels.reader, FileReader)
    return images.pixels.reader


def test_shape_dtype_and_device_are_known_without_reading(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = train_images(tree, ON_DISK)
    monkeypatch.setattr(FileReader, "read", lambda *_: pytest.fail("it reads"))
    monkeypatch.setattr(file_images, "decode", lambda *_, **__: pytest.fail("it decodes"))
    pixels = disk.to("cpu").subset(torch.arange(3)).pixels
    assert pixels.shape == (3, 3, SIZE, SIZE)
    assert (len(pixels), pixels.dim(), pixels.dtype) == (3, 4, torch.uint8)
    assert pixels.device == torch.device("cpu")
    assert not pixels.is_cuda
    assert not pixels.is_floating_point()
    assert repr(pixels) == f"StoredPixels(3, 3, {SIZE}, {SIZE})"


def test_unreadable_files_are_reported_or_skipped_as_in_memory(tmp_path: Path) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    (root / "train" / "elm" / "01.png").write_text("no image")
    (root / "train" / "oak" / "00.jpg").write_text("nor this")
    (root / "test" / "oak" / "00.jpg").write_text("nor this")
    said = []
    for fitting in (IN_MEMORY, ON_DISK):
        with pytest.raises(DataError, match="3 of 24 files cannot be used") as told:
            train_images(root, fitting)
        said.append(str(told.value))
    assert said[0] == said[1]
    memory, disk = (train_images(root, replace(f, unreadable=SKIP)) for f in (IN_MEMORY, ON_DISK))
    assert len(disk) == 10
    assert torch.equal(disk.pixels, memory.pixels)
    assert disk.labels.equal(memory.labels)
    one, two = (
        fingerprints("folder", data_dir=root, fitting=replace(f, unreadable=SKIP))
        for f in (IN_MEMORY, ON_DISK)
    )
    assert one == two


@pytest.fixture
def decoded_files(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    found: list[Path] = []

    def counted(path: Path, *, least_side: int | None) -> Decoded:
        found.append(path)
        return decode(path, least_side=least_side)

    monkeypatch.setattr(reading, "decode", counted)
    return found


@pytest.mark.parametrize("fitting", [IN_MEMORY, ON_DISK], ids=["memory", "disk"])
def test_startup_checks_decode_each_file_once(
    tree: Path, decoded_files: list[Path], fitting: Fitting
) -> None:
    load_search_data("folder", data_dir=tree, seed=0, fitting=fitting)
    fingerprints("folder", data_dir=tree, fitting=fitting)
    # on disk, up to a thousand images are decoded again for mean and deviation
    assert len(decoded_files) == 36 + 12 + (36 if fitting.stays_on_disk else 0)
    decoded_files.clear()
    survey = check_data("folder", data_dir=tree, fitting=fitting)
    assert survey.counts == {"train": [12] * 3, "test": [4] * 3}
    sheet = 3 * 12
    assert len(decoded_files) == sheet


def test_cached_check_is_reused_until_a_file_changes(
    tmp_path: Path, decoded_files: list[Path]
) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    first = fingerprints("folder", data_dir=root, fitting=ON_DISK)
    forget()
    traits_of("folder", data_dir=root, fitting=ON_DISK)  # always measures, cached or not
    decoded_files.clear()
    assert fingerprints("folder", data_dir=root, fitting=ON_DISK) == first
    assert decoded_files == []
    image = root / "train" / "ash" / "00.jpg"
    image.write_bytes((root / "train" / "oak" / "00.jpg").read_bytes())
    assert fingerprints("folder", data_dir=root, fitting=ON_DISK) != first
    assert set(decoded_files) >= set((root / "train").rglob("*.*"))


@pytest.mark.parametrize("fitting", [IN_MEMORY, ON_DISK], ids=["memory", "disk"])
@pytest.mark.parametrize("is_new_process", [False, True])
def test_file_that_becomes_readable_without_a_change_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fitting: Fitting, *, is_new_process: bool
) -> None:
    root = make_image_tree(tmp_path / "tree", train=4)
    expected = fingerprints("folder", data_dir=root, fitting=fitting)
    forget()
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)

    def refused(path: Path, *, least_side: int | None) -> Decoded:
        if path.parts[-2:] == ("elm", "01.png"):
            raise DataError(f"{path}: cannot be read (Permission denied)")
        return decode(path, least_side=least_side)

    with monkeypatch.context() as patch:
        patch.setattr(reading, "decode", refused)
        with pytest.raises(DataError, match="Permission denied"):
            train_images(root, fitting)
    if is_new_process:
        forget()
    assert fingerprints("folder", data_dir=root, fitting=fitting) == expected


def test_damaged_cached_check_is_repeated(tmp_path: Path, tree: Path) -> None:
    first = fingerprints("folder", data_dir=tree, fitting=ON_DISK)
    for path in (tmp_path / "cache" / "checked").iterdir():
        path.write_text('{"shape": [3], "bad": 7}')
    forget()
    assert fingerprints("folder", data_dir=tree, fitting=ON_DISK) == first


def test_auto_storage_uses_disk_when_memory_is_too_small(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_of("folder", tree, fitting=IN_MEMORY)
    needed = 3 * 36 * 3 * SIZE * SIZE  # three copies in each process
    for free, processes, expected in (
        (needed, 1, "memory"), (needed - 1, 1, "disk"), (needed, 2, "disk"),
        (2 * needed, 2, "memory"), (None, 99, "memory"),
    ):  # fmt: skip
        monkeypatch.setattr(storage, "free_bytes", lambda free=free: free)
        found = storage.choose_storage(
            "auto", source, name="folder", data_dir=tree, num_processes=processes
        )
        assert found == expected
        for asked in ("memory", "disk"):
            assert asked == storage.choose_storage(asked, source, name="folder", data_dir=tree)
    cifar = Cifar10()
    assert storage.choose_storage("auto", cifar, name="cifar10", data_dir=tree) == "memory"
    with pytest.raises(ConfigError, match="'cifar10' is read as a whole and stays in memory"):
        storage.choose_storage("disk", cifar, name="cifar10", data_dir=tree)


def test_unreadable_folder_is_left_to_the_reader(tmp_path: Path) -> None:
    """The message about missing files must not come from the choice of a storage."""
    source = source_of("folder", tmp_path / "absent", fitting=IN_MEMORY)
    found = storage.choose_storage("auto", source, name="folder", data_dir=tmp_path / "absent")
    assert found == "memory"


def _decoders_of_a_daemon(queue: "multiprocessing.Queue[Decoders]") -> None:
    queue.put(choose_decoders(1))


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


def test_progress_reports_every_decoded_file_once(tmp_path: Path) -> None:
    root, told = make_image_tree(tmp_path / "tree", train=4), list[tuple[int, int]]()
    with decoding_progress(lambda done, total: told.append((done, total))):
        number = len(train_images(root, ON_DISK))
    assert told[-1] == (number, number)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    heard = len(told)
    train_images(root, ON_DISK)
    assert len(told) == heard  # outside the context nothing is reported


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
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_packed_paths_return_the_original_paths(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", Path("/x/é ü.jpg"), Path("b"), Path(os.fsdecode(b"/\xff.png"))]
    packed = PackedPaths.of(paths)
    assert [packed[number] for number in range(len(packed))] == paths
    assert [packed.subset([2, 0])[number] for number in range(2)] == [paths[2], paths[0]]
    more = packed.with_more(PackedPaths.of(paths[:1]))
    assert (len(more), more[4], more[1]) == (5, paths[0], paths[1])


def test_memory_size_is_known_only_for_folders(tree: Path) -> None:
    assert known.DATASETS["digits"].memory_bytes(tree) is None
    assert Folder(ON_DISK).memory_bytes(tree) == 36 * 3 * SIZE * SIZE
