"""Images that stay on disk; oracle: the same images in memory."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from evonas.errors import ConfigError, DataError
from evonas.evaluation.data import known, storage
from evonas.evaluation.data.fitting import LETTERBOX, SKIP
from evonas.evaluation.data.folder.disk import file_images
from evonas.evaluation.data.folder.disk.file_reader import FileReader
from evonas.evaluation.data.folder.disk.packed_paths import PackedPaths
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.loading import fingerprints, load_search_data, source_of, traits_of
from evonas.evaluation.data.sources.cifar import Cifar10
from evonas.evaluation.data.stored_pixels import StoredPixels
from tests.evaluation.data.disk.two_storages import IN_MEMORY, ON_DISK, train_images
from tests.evaluation.data.image_tree import SIZE, make_image_tree


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
