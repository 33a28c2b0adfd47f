"""Networks of benchmarks/gpu_evaluator.py, and the ways to train them."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.support.naive import biotorch_layers, naive_network, plain_layers
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import traits_of
from evonas.evaluation.training.augment import FramedImages, cut, frame, plan_epoch
from evonas.evaluation.training.cuda_graph import Replayed
from evonas.evaluation.training.precision import arithmetic
from evonas.evaluation.training.recipe import Recipe
from evonas.evaluation.training.speed import CELL
from evonas.evaluation.training.training_step import TrainingStep, training_step
from evonas.networks import Network, build
from evonas.settings.machine import Precision
from evonas.space import Genome, Space, load

TRAITS = traits_of("cifar10")
OF_DATA: dict[str, Any] = {"input_shape": TRAITS.shape, "num_classes": 10, "seed": 0}
MIXED = ("fa", "usf", "frsf", "brsf", "kp", "dfa")


@dataclass(frozen=True)
class Size:
    """Size of networks and data.

    Attributes:
        channels: channels of the first stage of NAS-Bench-201.
        cells: cells per stage of NAS-Bench-201.
        darts_channels: channels of the first stage of DARTS.
        darts_cells: cells per stage of DARTS.
        images: number of training images.
    """

    channels: int = 16
    cells: int = 5
    darts_channels: int = 16
    darts_cells: int = 2
    images: int = 25_000


@dataclass(frozen=True)
class Case:
    """A network and a batch size.

    Attributes:
        net: ``best`` or ``random<n>`` of NAS-Bench-201, or ``darts<n>``.
        rule: rule of every layer; ``mixed`` draws one for each layer.
        batch: batch size.
    """

    net: str
    rule: str
    batch: int

    def drawn(self, size: Size, *, mixed: tuple[str, ...] = MIXED) -> tuple[Space, Genome]:
        """The resized space and the genome; rules of mixed networks are drawn from ``mixed``."""
        rules = mixed if self.rule == "mixed" else (self.rule,)
        is_darts = self.net.startswith("darts")
        channels = size.darts_channels if is_darts else size.channels
        cells = size.darts_cells if is_darts else size.cells
        space = load("darts" if is_darts else "nas-bench-201")
        space = space.resized(channels=channels, cells=cells).with_rules(rules)
        if self.net == "best":
            parsed, drawn = space.parse(CELL), space.sample(random.Random(0))
            kinds = [gene.kind == "rule" for gene in space.genes]
            pairs = zip(parsed.values, drawn.values, kinds, strict=True)
            return space, Genome(tuple(d if is_rule else p for p, d, is_rule in pairs))
        number = int(self.net.removeprefix("darts").removeprefix("random") or 0)
        return space, space.canonical(space.sample(random.Random(number)))


@dataclass(frozen=True)
class Way:
    """A training step that is ready to run.

    Attributes:
        step: function that performs the step.
        restart: function to call before every window of steps: it starts the next epoch.
        once: the same step without replay, to count its operations.
        replayed: the captured graph; None without one.
        keeps: objects that must stay alive.
    """

    step: Callable[[], None]
    restart: Callable[[], None]
    once: Callable[[], None]
    replayed: Replayed | None = None
    keeps: tuple[object, ...] = field(default=())


def random_images(size: Size, device: torch.device) -> FramedImages:
    """Random images of the shape of CIFAR-10 on the device, as many as in the training part."""
    generator = torch.Generator().manual_seed(0)
    shape = (size.images, *TRAITS.shape)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    labels = torch.randint(0, 10, (size.images,), generator=generator)
    return frame(Images(pixels, labels).to(device), traits=TRAITS)


def our_network(case: Case, size: Size, device: torch.device) -> Network:
    """The network of a case, as evonas builds it."""
    space, genome = case.drawn(size)
    return build(space, genome, **OF_DATA).to(device)


def ours(
    case: Case,
    size: Size,
    images: FramedImages,
    *,
    precision: Precision,
    is_replayed: bool = True,
    has_kernels: bool = True,
) -> Way:
    """The training step of an evaluation, optionally without CUDA graph or without our kernels.

    On a CPU, the reference implementations of the kernels run: this tests the code, not its speed.
    """
    device = images.labels.device
    network = our_network(case, size, device)
    step = training_step(
        network, images, recipe=Recipe(12, case.batch), precision=precision,
        has_kernels=has_kernels,
    )  # fmt: skip
    restart = _restart(step, images, case.batch)
    restart()
    if not is_replayed:
        return Way(step, restart, step, keeps=(step,))
    replayed = Replayed(step, device=device)
    return Way(replayed, restart, step, replayed, keeps=(step,))


def _restart(step: TrainingStep, images: FramedImages, batch: int) -> Callable[[], None]:
    generator = torch.Generator().manual_seed(0)

    def restart() -> None:
        step.begin_epoch(plan_epoch(images, batch=batch, generator=generator))
        step.epoch.clamp_(max=11)  # there are more windows than epochs in the recipe

    return restart


def eagerly(
    case: Case,
    size: Size,
    images: FramedImages,
    *,
    layers: str,
    precision: Precision = "tf32",
    is_compiled: bool = False,
) -> Way:
    """A training step of the naive network, with the same batches and optimiser.

    The loss is never read.
    """
    device = images.labels.device
    space, genome = case.drawn(size)
    chosen = biotorch_layers if layers == "biotorch" else plain_layers
    network: nn.Module = naive_network(space, genome, layers=chosen, **OF_DATA).to(device).train()
    # a CPU only tests the code, and compiling would take a minute
    backend = "inductor" if device.type == "cuda" else "eager"
    run = torch.compile(network, backend=backend) if is_compiled else network
    optimiser = torch.optim.SGD(
        [p for p in network.parameters() if p.requires_grad],
        lr=0.1, momentum=0.9, weight_decay=5e-4, nesterov=True,
    )  # fmt: skip
    plans = plan_epoch(images, batch=case.batch, generator=torch.Generator().manual_seed(0))
    plans = plans.to(device)
    count = 0

    def step() -> None:
        nonlocal count
        pixels, labels = cut(images, plans[count % len(plans)])
        count += 1
        optimiser.zero_grad()
        with arithmetic(precision, device_type=device.type):
            F.cross_entropy(run(pixels), labels).backward()
        optimiser.step()

    return Way(step, lambda: None, step, keeps=(network, optimiser))
