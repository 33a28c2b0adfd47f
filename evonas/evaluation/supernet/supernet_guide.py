"""A supernet as the guide of a search: it learns step by step, and scores genomes.

Everything follows from the configuration, the seed and the order of the calls, on one thread: the
same calls give the same numbers, so a resumed run that repeats them is guided the same way.
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

MAX_NORM = 5.0  # of the gradient of a step, as in DARTS
NUM_SCORE_BATCHES = 8  # of the recipe's size
MAX_TOGETHER = 512  # images in one forward pass of a score


@dataclass(frozen=True)
class GuideScore:
    """The loss of a genome, in nats, and its accuracy, on the fixed validation batches."""

    loss: float
    accuracy: float


@final
class SupernetGuide:
    """Satisfies :class:`evonas.search.supernet_guided.guide_protocol.Guide`.

    A genome is scored on eight batches of validation images, the same for all, normalised by
    their own statistics, after ``unrolled`` steps of its own rules on the same training batches:
    without such a step two genomes that differ in their rules alone would be one. The weights
    are put back. Weights that learn a genome at a time follow the exact gradient unless told
    otherwise, because they then judge better (measured, see benchmarks/RESULTS.md): each step
    comes with other rules, and weights cannot align to feedback that changes.

    Args:
        space: at the size of the supernet.
        data: the weights learn from the training part, slopes and scores from the validation part.
        recipe: SGD, its cosine over the epochs, and the batch.
        seed: seed of the weights, the batches and their augmentation.
        device: where it lives; ``data`` lie there.
        unrolled: steps that a genome takes before it is scored.
        unrolled_rate: learning rate of these steps and of the one in a slope; None: the recipe's.
        learns_by_rules: whether genomes learn by their own rules instead of the exact gradient.

    Attributes:
        unrolled: see above; may be changed between scores.

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
        """How many steps of learning make an epoch."""
        return self._order.num_batches

    @property
    def num_epochs(self) -> int:
        """How many epochs its learning rate is spread over; later ones have the last one's."""
        return self._recipe.epochs

    @property
    def num_learned(self) -> int:
        """How many steps were learned."""
        return self._num_learned

    def learn_genome(self, genome: Genome, /) -> None:
        """One step of SGD of the weights of one genome; those that take no part stay."""
        is_exact = not self._learns_by_rules
        with true_gradient(self._supernet) if is_exact else nullcontext():
            self._learn(select_genome(self._space, genome))

    def learn_mixture(self, logits: NDArray[np.float64], /) -> None:
        """One step of SGD of all weights, operations and rules in their shares."""
        shares = [each.softmax(0) for each in self._split(logits)]
        self._learn(select_mixture(self._space, shares))

    def slope(self, logits: NDArray[np.float64], /) -> NDArray[np.float64]:
        """The gradient in every logit on the next batches; see :func:`validation_slope`."""
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
        """Loss and accuracy; a genome that was scored with these weights is not scored again."""
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
        with self._after_its_steps(selection), torch.no_grad():
            for images, labels in self._fixed:
                logits = self._supernet(images, selection)
                total += float(F.cross_entropy(logits, labels, reduction="sum"))
                hits += float((logits.argmax(1) == labels).sum())
                count += len(labels)
        loss = total / count
        return GuideScore(loss if math.isfinite(loss) else math.inf, hits / count)

    @contextmanager
    def _after_its_steps(self, selection: Selection) -> Iterator[None]:
        """Plain gradient descent by the rules of the genome, taken back at the end."""
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
            if bool(norm.isfinite()):  # one bad step must not end a whole run
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
    """Batches without end: a new order each time the images are used up."""

    def __init__(self, images: Images, traits: Traits, batch: int, *, seed: int) -> None:
        self._framed = training_images(images, traits=traits)
        self._batch = min(batch, len(images))
        self._generator = torch.Generator().manual_seed(seed)
        self._left: Iterator[Batch] = iter(())

    @property
    def num_batches(self) -> int:
        """Before the images are used up; the last, smaller batch is dropped."""
        return len(self._framed) // self._batch

    def next(self) -> Batch:
        """Images in [0, 1] and their labels."""
        found = next(self._left, None)
        if found is None:
            plan = plan_epoch(self._framed, batch=self._batch, generator=self._generator)
            self._left = planned_batches(self._framed, plan)
            found = next(self._left)
        return found


def _fixed_batches(images: Images, batch: int, *, seed: int) -> list[Batch]:
    """Images for eight batches, or all there are, in as few passes as memory allows."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    chosen = order[: NUM_SCORE_BATCHES * batch]
    return [_batch(images, index) for index in chosen.chunk(-(-len(chosen) // MAX_TOGETHER))]


def _batch(images: Images, index: Tensor) -> Batch:
    chosen = images.subset(index)
    return unit_pixels(chosen.pixels), chosen.labels
