"""Throughput with several concurrent candidates: images per second, candidates per hour."""

import time
from functools import partial
from typing import Any

import torch
from torch import nn

from benchmarks.support.gpu_cases import OF_DATA, Case, Size, ours
from benchmarks.support.gpu_measures import forget_peak, peak_gibibytes
from benchmarks.support.naive import naive_network
from evonas.evaluation.training.augment import FramedImages, cut, plan_epoch
from evonas.evaluation.training.cooperative import Cooperative
from evonas.evaluation.training.cuda_graph import WARM_UP_CALLS
from evonas.evaluation.training.device_stream import make_device_stream
from evonas.evaluation.training.precision import arithmetic
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.speed import wait
from evonas.evaluation.training.train import training
from evonas.networks import build
from evonas.settings.machine import Precision
from evonas.space import Genome, Space

EPOCHS = 12  # epochs of the recipe for which candidates per hour are computed


def at_once(
    case: Case, size: Size, images: FramedImages, *, count: int, precision: Precision
) -> dict[str, Any]:
    """Replay ``count`` training steps in turn, each on its own stream."""
    device = images.labels.device
    forget_peak(device)
    streams, ways = [make_device_stream(device) for _ in range(count)], []
    for stream in streams:
        with stream.open():
            way = ours(case, size, images, precision=precision)
            for _ in range(WARM_UP_CALLS + 1):
                way.step()
            way.restart()
            ways.append(way)
    wait(device)
    rounds = min(40, len(images) // case.batch)
    start = time.perf_counter()
    for _ in range(rounds):
        for stream, way in zip(streams, ways, strict=True):
            with stream.open():
                way.step()
    wait(device)
    seconds = time.perf_counter() - start
    peak = peak_gibibytes(device)
    return {
        "net": case.net,
        "precision": precision,
        "at once": count,
        "images_per_s": round(count * rounds * case.batch / seconds),
        "step_ms_each": round(1e3 * seconds / rounds / count, 3),
        "peak_gib": None if peak is None else round(peak, 2),
    }


def candidates_per_hour(
    net: str,
    way: str,
    size: Size,
    images: FramedImages,
    *,
    batch: int,
    count: int,
    slots: int,
    rules: tuple[str, ...],
) -> dict[str, Any]:
    """Candidates per hour: each is built, trained, and tested on as many images.

    The time for n epochs is modelled as a + b n, with a and b from runs with one and two epochs.
    """
    device = images.labels.device
    forget_peak(device)
    seconds = {}
    for epochs in (1, 1, 2):  # the first is a warm-up, for example of cuDNN
        start = time.perf_counter()
        pending = [
            partial(_candidate, net, way, size, images, Recipe(epochs, batch), rules, number)
            for number in range(count)
        ]
        _all(pending, device, slots=slots)
        wait(device)
        seconds[epochs] = (time.perf_counter() - start) / count
    each = seconds[2] - seconds[1]
    in_all = seconds[1] + (EPOCHS - 1) * each
    peak = peak_gibibytes(device)
    return {
        "net": net,
        "way": way,
        "at once": slots,
        "candidates": count,
        "s_first_epoch": round(seconds[1], 3),
        "s_more_epoch": round(each, 3),
        f"candidates_per_h_{EPOCHS}_epochs": round(3600 / in_all) if in_all > 0 else None,
        "peak_gib": None if peak is None else round(peak, 2),
    }


def _all(pending: list[Any], device: torch.device, *, slots: int) -> None:
    """Run the candidates in turn, like ``evonas.study.executors.device_sharing``."""
    seats: list[tuple[Any, Cooperative[None]]] = []
    while pending or seats:
        while pending and len(seats) < slots:
            seats.append((make_device_stream(device), pending.pop(0)()))
        free = [seat for seat in seats if seat[0].is_free()]
        if not free:
            seats[0][0].wait()
            free = seats[:1]
        for seat in free:
            with seat[0].open():
                try:
                    next(seat[1])
                except StopIteration:
                    seats.remove(seat)


def _candidate(
    net: str,
    way: str,
    size: Size,
    images: FramedImages,
    recipe: Recipe,
    rules: tuple[str, ...],
    number: int,
) -> Cooperative[None]:
    case = Case(net if net == "best" else f"{net}{number}", "mixed", recipe.batch)
    space, genome = case.drawn(size, mixed=rules)
    device = images.labels.device
    if way == "biotorch eager":
        model: nn.Module = naive_network(space, genome, **OF_DATA).to(device)
        _train_eagerly(model, images, recipe)
    else:
        model = _ours(space, genome, device)
        precision: Precision = "bf16" if way.endswith("bf16") else "tf32"
        yield from training(model, images, recipe=recipe, seed=number, precision=precision)  # type: ignore[arg-type]
    yield
    _hits(model.eval(), images)


def _ours(space: Space, genome: Genome, device: torch.device) -> nn.Module:
    return build(space, genome, **OF_DATA).to(device)


def _train_eagerly(model: nn.Module, images: FramedImages, recipe: Recipe) -> None:
    """The naive loop, but with data on the device; the loss is read once per epoch."""
    generator = torch.Generator().manual_seed(0)
    optimiser = torch.optim.SGD(
        [p for p in model.parameters() if p.requires_grad],
        lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True,
    )  # fmt: skip
    model.train()
    for _ in range(recipe.epochs):
        plans = plan_epoch(images, batch=recipe.batch, generator=generator)
        total = torch.zeros((), device=images.labels.device)
        for plan in plans.to(images.labels.device):
            pixels, labels = cut(images, plan)
            optimiser.zero_grad()
            with arithmetic("tf32", device_type=pixels.device.type):
                loss = nn.functional.cross_entropy(model(pixels), labels)
                loss.backward()
            optimiser.step()
            total += loss.detach()
        float(total)


def _hits(model: nn.Module, images: FramedImages, *, batch: int = 500) -> int:
    """Number of correctly classified images, without augmentation."""
    hits = torch.zeros((), dtype=torch.int64, device=images.labels.device)
    with torch.inference_mode():
        everything = torch.arange(len(images), device=images.labels.device)
        middle = torch.full_like(everything, images.padding)
        plan = torch.stack([everything, middle, middle, torch.zeros_like(everything)])
        for part in plan.split(batch, dim=1):
            pixels, labels = cut(images, part)
            hits += (model(pixels).argmax(1) == labels).sum()
    return int(hits)
