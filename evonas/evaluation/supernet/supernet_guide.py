"""A supernet that guides a search: it is trained step by step, and scores genomes.

All results depend only on the configuration, the seed and the order of the calls, and are computed
on one thread: a resumed run that repeats the calls is therefore guided in the same way.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from evonas.evaluation.data.images import Images, SearchData, Traits, unit_pixels
from evonas.evaluation.one_thread import one_thread
from evonas.evaluation.supernet.hypergradient import Batch, validation_slope
from evonas.evaluation.training.augment import plan_epoch, planned_batches, training_images
from evonas.evaluation.training.recipe import Recipe
from evonas.networks.supernet import Supernet
from evonas.networks.supernet_selection import Selection, select_genome, select_mixture
from evonas.rules import true_gradient
from evonas.seeds import derive_seed
from evonas.space import Genome, Space

MAX_NORM = 5.0  # maximum norm of the gradient of a step, as in DARTS
NUM_SCORE_BATCHES = 8  # number of validation batches of the recipe's size
MAX_TOGETHER = 512  # maximum number of images in one forward pass of a score


@dataclass(frozen=True)
class GuideScore:
    """Loss of a genome, in nats, and its accuracy, on the fixed validation batches."""

    loss: float
    accuracy: float


@final
class SupernetGuide:
    """Satisfies :class:`evonas.search.supernet_guided.guide_protocol.Guide`.

    A genome is scored on eight fixed batches of validation images, normalised by their own
    statistics, after ``unrolled`` training steps by its own rules on fixed training batches;
    without such a step, genomes that differ only in their rules would get equal scores. The
    weights are restored afterwards. By default, weights trained one genome at a time follow the
    exact gradient, because their scores are then better (measured, see benchmarks/RESULTS.md):
    each step uses other rules, and weights cannot align to feedback that keeps changing.

    Args:
        space: space at the size of the supernet.
        data: images, on ``device``: weights learn from the training part, slopes and scores use
            the validation part.
        recipe: recipe that gives SGD's settings, the cosine schedule and the batch size.
        seed: seed of the weights, the batches and their augmentation.
        device: device of the supernet.
        unrolled: number of training steps that a genome takes before it is scored.
        unrolled_rate: learning rate of these steps and of the step in a slope; None for the
            recipe's.
        learns_by_rules: whether genomes learn by their own rules instead of the exact gradient.

    Attributes:
        unrolled: number of training steps before a score; may be changed between scores.

    Raises:
        SpaceError: the images are too small for the space.
        RuleError: a rule of the space cannot be mixed with others.
    """

    def __init__(
        self,
        space: Space,
        data: SearchData,
        *,
        recipe: Recipe,
        seed: int,
        device: str = "cpu",
        unrolled: int = 1,
        unrolled_rate: float | None = None,
        learns_by_rules: bool = False,
    ) -> None:
        traits = data.traits
        self._supernet = Supernet(
            space,
            input_shape=traits.shape,
            num_classes=traits.num_classes,
            seed=seed,
            learning_rate=recipe.learning_rate,
            mean=traits.mean,
            deviation=traits.std,
            device=device,
        )
        self._space = space
        self._data = data
        self._recipe = recipe
        self._unrolled_rate = unrolled_rate or recipe.learning_rate
        self._learns_by_rules = learns_by_rules
        self._counts = [len(gene.choices) for gene in space.genes]
        self._optimiser = torch.optim.SGD(
            self._supernet.parameters(),
            lr=recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )
        plain = replace(traits, crop_padding=0, flip=False)
        self._order = _Stream(data.train, traits, recipe.batch, seed=derive_seed(seed, "order"))
        self._steps = _Stream(data.train, plain, recipe.batch, seed=derive_seed(seed, "steps"))
        self._lessons = _Stream(data.train, plain, recipe.batch, seed=derive_seed(seed, "lessons"))
        self._judges = _Stream(
            data.validation, plain, recipe.batch, seed=derive_seed(seed, "judges")
        )
        self._fixed = _fixed_batches(
            data.validation, recipe.batch, seed=derive_seed(seed, "score")
        )
        self._lesson: list[Batch] = []
        self.unrolled = unrolled
        self._known: dict[str, GuideScore] = {}
        self._num_learned = 0

    @property
    def num_steps(self) -> int:
        """Number of training steps in an epoch."""
        return self._order.num_batches

    @property
    def num_epochs(self) -> int:
        """Number of epochs of the learning rate schedule; later epochs keep its last rate."""
        return self._recipe.epochs

    @property
    def num_learned(self) -> int:
        """Number of training steps done so far."""
        return self._num_learned

    def learn_genome(self, genome: Genome, /) -> None:
        """Make an SGD step on the weights that one genome uses; all others stay unchanged."""
        is_exact = not self._learns_by_rules
        with true_gradient(self._supernet) if is_exact else nullcontext():
            self._learn(select_genome(self._space, genome))

    def learn_mixture(self, logits: NDArray[np.float64], /) -> None:
        """Make an SGD step on all weights, with operations and rules mixed by their shares."""
        shares = [each.softmax(0) for each in self._split(logits)]
        self._learn(select_mixture(self._space, shares))

    def slope(self, logits: NDArray[np.float64], /) -> NDArray[np.float64]:
        """Gradient for every logit on the next batches; see :func:`validation_slope`."""
        kept = self._supernet.kept_state()
        with one_thread():
            slopes = validation_slope(
                self._supernet,
                self._split(logits),
                train=self._steps.next(),
                validation=self._judges.next(),
                learning_rate=self._unrolled_rate,
            )
        self._supernet.restore_kept(kept)
        found: NDArray[np.float64] = torch.cat(slopes).double().cpu().numpy()
        return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)

    def score(self, genomes: Sequence[Genome], /) -> list[GuideScore]:
        """Loss and accuracy of genomes; scores are cached until the weights change."""
        while len(self._lesson) < self.unrolled:
            self._lesson.append(self._lessons.next())
        with one_thread():
            return [self._remembered(genome) for genome in genomes]

    def _remembered(self, genome: Genome) -> GuideScore:
        key = f"{self.unrolled} {self._space.key(genome)}"
        if key not in self._known:
            self._known[key] = self._score(genome)
        return self._known[key]

    def _score(self, genome: Genome) -> GuideScore:
        selection = select_genome(self._space, genome)
        total = hits = 0.0
        count = 0
        with self._briefly_trained(selection), torch.no_grad():
            for images, labels in self._fixed:
                logits = self._supernet(images, selection)
                total += float(F.cross_entropy(logits, labels, reduction="sum"))
                hits += float((logits.argmax(1) == labels).sum())
                count += len(labels)
        loss = total / count
        return GuideScore(loss if math.isfinite(loss) else math.inf, hits / count)

    @contextmanager
    def _briefly_trained(self, selection: Selection) -> Iterator[None]:
        """Train by plain gradient descent with the genome's rules, and undo it afterwards."""
        parameters = list(self._supernet.parameters())
        before: dict[int, Tensor] = {}
        kept = self._supernet.kept_state()
        for lesson in self._lesson[: self.unrolled]:
            loss = self._loss(selection, lesson)
            changes = torch.autograd.grad(loss, parameters, allow_unused=True)
            with torch.no_grad():
                for number, (parameter, change) in enumerate(
                    zip(parameters, changes, strict=True)
                ):
                    if change is not None:
                        before.setdefault(number, parameter.detach().clone())
                        parameter.sub_(self._unrolled_rate * change)
        try:
            yield
        finally:
            with torch.no_grad():
                for number, value in before.items():
                    parameters[number].copy_(value)
            self._supernet.restore_kept(kept)

    def _learn(self, selection: Selection) -> None:
        self._known.clear()
        recipe = self._recipe
        epoch = min(self._num_learned // self.num_steps, recipe.epochs - 1)
        rate = recipe.learning_rate_at(epoch)
        with one_thread():
            self._optimiser.zero_grad(set_to_none=True)
            self._loss(selection, self._order.next()).backward()
            norm = nn.utils.clip_grad_norm_(self._supernet.parameters(), MAX_NORM)
            self._optimiser.param_groups[0]["lr"] = rate
            if bool(norm.isfinite()):  # one diverged step must not ruin the whole run
                self._optimiser.step()
        self._num_learned += 1
        self._supernet.wiring.advance(
            learning_rate=rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=True,
        )

    def _loss(self, selection: Selection, batch: Batch) -> Tensor:
        images, labels = batch
        self._supernet.wiring.aim(labels)
        return F.cross_entropy(self._supernet(images, selection), labels)

    def _split(self, logits: NDArray[np.float64]) -> list[Tensor]:
        row = torch.from_numpy(np.asarray(logits, dtype=np.float32).copy())
        return list(row.to(self._supernet.mean.device).split(self._counts))


@final
class _Stream:
    """An endless stream of batches; the images are shuffled anew for each epoch."""

    def __init__(self, images: Images, traits: Traits, batch: int, *, seed: int) -> None:
        self._framed = training_images(images, traits=traits)
        self._batch = min(batch, len(images))
        self._generator = torch.Generator().manual_seed(seed)
        self._left: Iterator[Batch] = iter(())

    @property
    def num_batches(self) -> int:
        """Number of batches in an epoch; the last, smaller batch is dropped."""
        return len(self._framed) // self._batch

    def next(self) -> Batch:
        """The next images, in [0, 1], and their labels."""
        found = next(self._left, None)
        if found is None:
            plan = plan_epoch(self._framed, batch=self._batch, generator=self._generator)
            self._left = planned_batches(self._framed, plan)
            found = next(self._left)
        return found


def _fixed_batches(images: Images, batch: int, *, seed: int) -> list[Batch]:
    """Draw images for eight batches, or all images, in parts of at most ``MAX_TOGETHER``."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = order[: NUM_SCORE_BATCHES * batch]
    return [_batch(images, index) for index in chosen.chunk(-(-len(chosen) // MAX_TOGETHER))]


def _batch(images: Images, index: Tensor) -> Batch:
    chosen = images.subset(index)
    return unit_pixels(chosen.pixels), chosen.labels
