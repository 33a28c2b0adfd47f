"""Choose where images are kept: in memory if they fit, else in their files."""

from pathlib import Path

import torch

from evonas.errors import ConfigError, DataError
from evonas.evaluation.data.fitting import DISK, MEMORY
from evonas.evaluation.data.room import COPIES, free_bytes
from evonas.evaluation.data.sources.base import AbstractSource

AUTO = "auto"
GPU_COPIES = 2  # both parts, and the framed copy of one of them


def choose_storage(
    asked: str,
    source: AbstractSource,
    *,
    name: str,
    data_dir: Path,
    num_processes: int = 1,
    device: str = "cpu",
) -> str:
    """Choose between ``memory`` and ``disk``.

    Args:
        asked: requested storage; ``auto`` estimates whether the images fit into memory.
        source: source of the data set, at the size of the run.
        name: name of the data set.
        data_dir: folder of the data set.
        num_processes: number of processes that each load their own copy.
        device: device that images in memory are copied to, as torch names it.

    Raises:
        ConfigError: ``disk`` is requested, but the data set does not support it.
    """
    if asked == MEMORY:
        return MEMORY
    needed = source.memory_bytes(data_dir) if asked == DISK else _known_bytes(source, data_dir)
    if needed is None:
        if asked == DISK:
            raise ConfigError(
                f"image_storage: data set '{name}' is read as a whole and stays in memory; disk "
                "is for image files: --dataset folder or imagenet"
            )
        return MEMORY
    if asked == DISK:
        return DISK
    fits = _fits(COPIES * num_processes * needed, free_bytes())
    if fits and torch.device(device).type == "cuda":
        fits = _fits(GPU_COPIES * needed, torch.cuda.mem_get_info(device)[0] // 2)
    return MEMORY if fits else DISK


def _fits(needed: int, free: int | None) -> bool:
    return free is None or needed <= free


def _known_bytes(source: AbstractSource, data_dir: Path) -> int | None:
    try:
        return source.memory_bytes(data_dir)
    except DataError:  # reported when the images are read
        return None
