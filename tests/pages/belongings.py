"""Files and Python names that documentation pages assume the reader to have."""

import gzip
import random
import shutil
from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from evonas.evaluation.data.loading import load_search_data
from evonas.networks.build import build
from evonas.space import Genome, Space, load, source_text

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def _images(folder: Path, classes: tuple[str, ...], *, count: int, side: int, suffix: str) -> None:
    """Write noisy images, with one grey level per class."""
    rng = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for image in range(count):
            pixels = rng.integers(100 * number, 100 * number + 50, (side, side, 3))
            path = folder / name / f"{name}_{image}{suffix}"
            Image.fromarray(pixels.astype(np.uint8)).save(path, format="JPEG")


def _photographs(home: Path) -> None:
    _images(home / "photographs", ("light", "dark"), count=100, side=40, suffix=".jpg")


def _imagenet(home: Path) -> None:
    for part, count in (("train", 40), ("val", 3)):
        folder = home / "imagenet" / part
        _images(folder, ("n01440764", "n01443537"), count=count, side=80, suffix=".JPEG")


def _photo(home: Path) -> None:
    _images(home, ("folder",), count=2, side=12, suffix=".jpg")
    shutil.copy(home / "folder/folder_0.jpg", home / "photo.jpg")


def _space(home: Path) -> None:
    (home / "my-space.yaml").write_text(source_text("tiny"), encoding="utf-8")


def _recipe(home: Path) -> None:
    (home / "my-recipe.yaml").write_text(
        "description: mine\nepochs: 2\nbatch: 30\nlearning_rate: 0.1\n"
    )


def _table(home: Path) -> None:
    """Write a table of all architectures of NAS-Bench-201 with random values."""
    rng = random.Random(0)
    lines = ["arch,c10_test_200,c10_pgd_e1,params"]
    for a, b, c, d, e, f in product(OPERATIONS, repeat=6):
        arch = f"|{a}~0|+|{b}~0|{c}~1|+|{d}~0|{e}~1|{f}~2|"
        lines.append(f"{arch},{rng.uniform(10, 94)},{rng.uniform(0, 60)},{rng.uniform(0.1, 1.5)}")
    with gzip.open(home / "nb201_cifar10.csv.gz", "wt") as file:
        file.write("\n".join(lines))


FILES: Mapping[str, tuple[Callable[[Path], None], ...]] = {
    "data.md": (_photographs, _imagenet, _space, _recipe),
    "export.md": (_photo,),
    "search.md": (_table,),
    "signals.md": (_table,),
}
"""Functions that create the files a page assumes, by page."""


def network(channels: int = 1) -> nn.Module:
    """A classifier of 8x8 images in ten classes."""
    torch.manual_seed(0)
    convolution = nn.Conv2d(channels, 8, 3, padding=1)
    return nn.Sequential(convolution, nn.ReLU(), nn.Flatten(), nn.Linear(8 * 64, 10))


def _attacked() -> dict[str, Any]:
    data = load_search_data("digits", seed=0, num_images=60).validation
    images = data.pixels[:4] / 255
    noise = torch.rand(4, 1, 8, 8) * 2 - 1
    return {"network": network(), "images": images, "labels": data.labels[:4], "noise": noise}


def _measured() -> dict[str, Any]:
    data = load_search_data("digits", seed=0, num_images=60)
    return {"network": network(), "data": data}


def _trained() -> dict[str, Any]:
    data = load_search_data("digits", seed=0, num_images=60).train
    model = network()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    batches = [
        (data.pixels[:30] / 255, data.labels[:30]),
        (data.pixels[30:] / 255, data.labels[30:]),
    ]
    return {"network": model, "optimiser": optimiser, "batches": batches}


def _counted() -> dict[str, Any]:
    space = load("tiny").resized(channels=4, cells=1)
    genome = space.sample(random.Random(0))
    return {"network": build(space, genome, input_shape=(3, 32, 32), num_classes=10, seed=0)}


def _searched() -> dict[str, Any]:
    def measure(space: Space, genome: Genome) -> tuple[float, float]:
        cost = sum(genome.values)
        return float(cost), float(-len(space.format(genome)))

    def train(genome: Genome, replicate: int) -> tuple[float, float]:
        noise = random.Random(f"{genome} {replicate}").gauss(0.0, 0.1)
        return sum(genome.values) + noise, float(-max(genome.values))

    return {"measure": measure, "train": train}


def _chosen() -> dict[str, Any]:
    return {"key": ""}  # set to a key of the run used by the page, once it exists


NAMES: Mapping[str, Callable[[], dict[str, Any]]] = {
    "attacks.md": _attacked,
    "robustness.md": _measured,
    "rules.md": _trained,
    "objectives.md": _counted,
    "search.md": _searched,
    "export.md": _chosen,
    "training.md": _chosen,
}
"""Names that Python code of a page uses without defining them, by page."""

BEFORE: Mapping[str, tuple[str, ...]] = {
    "attacks.md": ("evonas export RUN KEY --format safetensors --out model.safetensors",),
    "export.md": ("evonas train RUN KEY",),
    "report.md": ("evonas ablate RUN KEY",),
}
"""Commands that a page assumes to have been run before, by page."""
