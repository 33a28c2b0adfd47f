"""Measure the training speed of this machine with a few steps of a small candidate.

The steps use the same code path as a run.
"""

import time
from dataclasses import dataclass

import torch

from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.training.augment import frame, plan_epoch
from evonas.evaluation.training.cuda_graph import WARM_UP_CALLS, Replayed
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.training_step import training_step
from evonas.networks import build
from evonas.settings.machine import Precision
from evonas.space import load

CELL = (  # the best of NAS-Bench-201 on CIFAR-10
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|"
    "+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|"
)


MAX_SECONDS = 2.0
"""No further step is timed after this. A CPU without bf16 units may take seconds for one."""


@dataclass(frozen=True)
class Speed:
    """Measured training speed.

    Attributes:
        images_per_second: training images per second, for one candidate alone.
        step_milliseconds: duration of one training step.
        batch: number of images in a step.
        fallback: why the steps were not replays of a CUDA graph; None if they were.
    """

    images_per_second: float
    step_milliseconds: float
    batch: int
    fallback: str | None


def training_speed(
    device: str, *, precision: Precision, batch: int = 64, num_steps: int = 6, channels: int = 16
) -> Speed:
    """Time the best cell of NAS-Bench-201, one per stage, on random images of CIFAR-10's shape.

    Every layer learns by ``usf``. On a CPU it uses one thread, like a worker. ``num_steps`` is the
    largest number of steps that are timed; see :data:`MAX_SECONDS`.
    """
    with one_thread(), make_device_stream(device).open():
        return _speed(device, precision, batch, num_steps, channels)


def _speed(device: str, precision: Precision, batch: int, num_steps: int, channels: int) -> Speed:
    traits = traits_of("cifar10")
    space = load("nas-bench-201").resized(channels=channels, cells=1).with_rules(("usf",))
    network = build(space, space.parse(CELL), input_shape=traits.shape, num_classes=10, seed=0).to(
        device
    )
    generator = torch.Generator().manual_seed(0)
    num_images = batch * (num_steps + WARM_UP_CALLS + 1)
    pixels = torch.randint(
        0, 256, (num_images, *traits.shape), dtype=torch.uint8, generator=generator
    )
    labels = torch.randint(0, 10, (num_images,), generator=generator)
    images = frame(Images(pixels, labels).to(device), traits=traits)
    step = training_step(network, images, recipe=Recipe(1, batch), precision=precision)
    replayed = Replayed(step, device=images.labels.device)
    step.begin_epoch(plan_epoch(images, batch=batch, generator=generator))
    is_graph = torch.device(device).type == "cuda"
    for _ in range(WARM_UP_CALLS + 1 if is_graph else 1):
        replayed()
    wait(device)
    start, num_timed = time.perf_counter(), 0
    while num_timed < num_steps and (not num_timed or time.perf_counter() - start < MAX_SECONDS):
        replayed()
        num_timed += 1
    wait(device)
    seconds = (time.perf_counter() - start) / num_timed
    return Speed(batch / seconds, 1e3 * seconds, batch, replayed.fallback)


def wait(device: torch.device | str) -> None:
    """Wait until the device has finished all queued work."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
