"""Images per second from a tree of JPEG files: evonas compared with torchvision's ImageFolder.

    python -m benchmarks.image_loading FOLDER [--images 20000] [--rounds 5] [--no-write]

The tree is created once in FOLDER. Every way yields mini-batches of the same size, as floats in
[0, 1], shuffled, randomly cropped and mirrored, decoded by the same number of worker processes. A
round takes the same number of batches from each way, in an order that is redrawn, and includes the
start of the workers. `decoding alone` discards the batches; `training` performs a training step of
a small network with each. `benchmarks/support/loading_ways.py` has the ways; a second plain loader
decodes reduced images, as evonas does.

Then evonas trains for several epochs on a part of the tree, and the memory of all processes, open
files and shared memory are recorded after each epoch.
"""

import argparse
import os
import platform
import random
import statistics
import textwrap
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from benchmarks.support.jpeg_tree import make_tree
from benchmarks.support.loading_ways import Batches, PlainFeed, Way, our_way, plain_way
from benchmarks.support.process_tree import (
    memory_bytes,
    num_open_files,
    num_shared_segments,
    process_ids,
)
from benchmarks.support.sections import write_section
from evonas.evaluation.candidate import candidate_network
from evonas.evaluation.data.fitting import DISK, Fitting
from evonas.evaluation.data.folder.disk.decoders import num_cores
from evonas.evaluation.data.folder.source import Folder
from evonas.evaluation.data.images import Traits
from evonas.evaluation.training.augment import plan_epoch, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.streaming.streamed_images import StreamedImages
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.space import load

OURS, PLAIN, REDUCING = "evonas", "plain loader", "plain loader, reduced decoding"
ALONE, TRAINING = "decoding alone", "training"


def use_up(batches: Batches) -> None:
    """Load batches and discard them."""
    for _ in batches:
        continue


def measure(
    ways: dict[str, Way], step: TrainingStep, *, rounds: int, count: int, batch: int
) -> dict[str, dict[str, list[float]]]:
    """Images per second, by use, way and round."""
    rng = random.Random(0)
    feed = PlainFeed()
    training = replace(step, feed=feed)  # type: ignore[arg-type]
    found: dict[str, dict[str, list[float]]] = {
        what: {name: [] for name in ways} for what in (ALONE, TRAINING)
    }
    order = [(what, name) for what in found for name in ways]
    for _ in range(rounds):
        rng.shuffle(order)
        for what, name in order:
            start = time.perf_counter()
            batches = ways[name](count)
            if what == ALONE:
                use_up(batches)
            else:
                feed.batches = batches
                training.number.zero_()
                for _ in range(count):
                    training.fetch()
                    training()
                feed.batches.close()  # type: ignore[attr-defined]
            found[what][name].append(count * batch / (time.perf_counter() - start))
    return found


def leaks(step: TrainingStep, images: StreamedImages, *, epochs: int) -> list[tuple[int, ...]]:
    """MiB of all processes in mid-epoch; numbers of processes, open files, shared segments."""
    generator = torch.Generator().manual_seed(1)
    found: list[tuple[int, ...]] = []
    for _ in range(epochs):
        step.begin_epoch(plan_epoch(images, batch=step.recipe.batch, generator=generator))
        for number in range(step.num_steps):
            step.fetch()
            step()
            if number == step.num_steps // 2:
                inside = memory_bytes() >> 20
        step.close()
        after = (len(list(process_ids())), num_open_files(), num_shared_segments())
        found.append((inside, memory_bytes() >> 20, *after))
        print("epoch:", found[-1], flush=True)
    return found


def spread(values: Sequence[float], digits: int = 0) -> str:
    """Median, minimum and maximum, as text."""
    return (
        f"{statistics.median(values):,.{digits}f} "
        f"({min(values):,.{digits}f} to {max(values):,.{digits}f})"
    )


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """One row per way; ratios compare results of the same round."""
    lines = [
        "| way | " + " | ".join(f"{what}, images a second | times plain" for what in found) + " |",
        "|---" * (1 + 2 * len(found)) + "|",
    ]
    for name in found[ALONE]:
        cells = [name]
        for rates in found.values():
            ratios = [mine / base for mine, base in zip(rates[name], rates[PLAIN], strict=True)]
            cells += [spread(rates[name]), spread(ratios, 2)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def leak_table(rows: Sequence[tuple[int, ...]]) -> str:
    """One row per epoch."""
    lines = [
        "| epoch | MiB in its middle | MiB after it | processes | open files | shared segments |",
        "|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {number} | " + " | ".join(f"{value:,}" for value in row) + " |"
        for number, row in enumerate(rows, start=1)
    ]
    return "\n".join(lines)


def wrapped(text: str) -> str:
    """Wrap a paragraph for RESULTS.md."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False)


def the_step(images: StreamedImages, traits: Traits, *, batch: int) -> TrainingStep:
    """The training step of a small network with a reducing stem."""
    space = load("tiny").resized(channels=8, cells=1).with_rules(("fa",))
    genome = space.canonical(space.sample(random.Random(0)))
    network = candidate_network(space, genome, traits, seed=0)
    return training_step(network, images, recipe=Recipe(1000, batch), precision="fp32")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder in which the tree is created")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=64, help="pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--batches", type=int, default=16, help="batches per round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=3, help="epochs of the training")
    parser.add_argument("--epoch-images", type=int, default=4_000, help="images per epoch")
    parser.add_argument("--no-write", action="store_true", help="only print")
    chosen = parser.parse_args()
    root = make_tree(chosen.folder / str(chosen.images), num_images=chosen.images)
    workers = num_cores()
    source = Folder(Fitting(chosen.size, storage=DISK))
    start = time.perf_counter()
    loaded = source.load_train(root, download=False)
    check_seconds = time.perf_counter() - start
    traits = source.traits(root)
    images = training_images(loaded, traits=traits)
    assert isinstance(images, StreamedImages)
    ways = {
        PLAIN: plain_way(
            root / "train", size=chosen.size, batch=chosen.batch, workers=workers,
            is_reducing=False,
        ),
        REDUCING: plain_way(
            root / "train", size=chosen.size, batch=chosen.batch, workers=workers,
            is_reducing=True,
        ),
        OURS: our_way(images, batch=chosen.batch),
    }  # fmt: skip
    step = the_step(images, traits, batch=chosen.batch)
    step.begin_epoch(step.plan)
    found = measure(ways, step, rounds=chosen.rounds, count=chosen.batches, batch=chosen.batch)
    print(table(found), flush=True)
    some = torch.arange(0, len(loaded), max(1, len(loaded) // chosen.epoch_images))
    part = training_images(loaded.subset(some), traits=traits)
    assert isinstance(part, StreamedImages)
    rows = leaks(the_step(part, traits, batch=chosen.batch), part, epochs=chosen.epochs)
    total = sum(path.stat().st_size for path in root.rglob("*.jpg"))
    command = (
        f"python -m benchmarks.image_loading FOLDER --images {chosen.images} --size "
        f"{chosen.size} --batch {chosen.batch} --batches {chosen.batches} --rounds "
        f"{chosen.rounds} --epochs {chosen.epochs} --epoch-images {chosen.epoch_images}"
    )
    first = wrapped(
        f"`{command}`, torch {torch.__version__}, Pillow {version('pillow')}, Python "
        f"{platform.python_version()}. {chosen.images:,} generated JPEGs of 160 to 640 pixels "
        f"a side, {total / 2**30:.1f} GiB, resized to {chosen.size} pixels by {workers} worker "
        f"processes; {chosen.rounds} rounds of {chosen.batches} batches of {chosen.batch}, "
        "including the start of the workers; median, lowest and highest round; ratios are of the "
        "same round. Two cores of an AMD EPYC, shared: the load of the machine was "
        f"{os.getloadavg()[2]:.1f} in the last 15 minutes."
    )
    second = wrapped(
        f"The check of the {len(loaded):,} training images before their first use took "
        f"{check_seconds:.0f} s (once; the result is cached). A training, {len(part):,} images "
        "per epoch:"
    )
    text = (
        f"## Images that stay on disk\n\n{first}\n\n{table(found)}\n\n{second}\n\n"
        f"{leak_table(rows)}"
    )
    print(text)
    if not chosen.no_write:
        write_section("image_loading", text)


if __name__ == "__main__":
    main()
