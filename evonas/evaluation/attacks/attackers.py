"""Attacks and their settings behind one interface, which attacks a batch with given randomness."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import reduce
from typing import ClassVar, Literal, NamedTuple, TypeAlias, final

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.ascent import AttackResult, stronger
from evonas.evaluation.attacks.black_box.one_pixel import num_one_pixel_numbers, one_pixel
from evonas.evaluation.attacks.black_box.square import num_square_numbers, square
from evonas.evaluation.attacks.black_box.transfer import transfer
from evonas.evaluation.attacks.frozen_network import frozen
from evonas.evaluation.attacks.gradient.apgd import apgd
from evonas.evaluation.attacks.gradient.apgd_targeted import apgd_targeted
from evonas.evaluation.attacks.gradient.fgsm import fgsm
from evonas.evaluation.attacks.gradient.pgd import pgd_with_restarts
from evonas.evaluation.attacks.gradient.tpgd import tpgd
from evonas.evaluation.attacks.random_numbers import standard_normal
from evonas.rules import true_gradient

Norm: TypeAlias = Literal["linf", "l0"]
Shape: TypeAlias = tuple[int, int, int]  # of one image: channels, height, width


class Batch(NamedTuple):
    """A batch of images to attack.

    Attributes:
        images: float, (N, C, H, W), in [0, 1].
        labels: int64, (N,).
        numbers: uniform in [0, 1), (N, ``num_numbers``), one row per image.
        epsilon: radius, in units of the pixel range; ignored by attacks of norm "l0".
    """

    images: Tensor
    labels: Tensor
    numbers: Tensor
    epsilon: float

    def noises(self, count: int) -> Tensor:
        """The numbers as uniform noise in [-1, 1), (count, N, C, H, W)."""
        noise = self.numbers.view(len(self.images), count, *self.images.shape[1:])
        return noise.transpose(0, 1) * 2 - 1


class AbstractAttacker(ABC):
    """An attack with fixed settings.

    Attributes:
        is_black_box: whether it uses no gradient of the network.
        norm: norm that bounds the change of an image.
    """

    is_black_box: ClassVar[bool] = False
    norm: ClassVar[Norm] = "linf"

    @property
    def points_at_once(self) -> int:
        """Number of points per attacked image that one forward pass evaluates."""
        return 1

    @abstractmethod
    def num_numbers(self, shape: Shape) -> int:
        """Number of random numbers needed for one image."""

    @abstractmethod
    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Attack a network that ``under_attack`` has prepared."""


@final
@dataclass(frozen=True)
class Fgsm(AbstractAttacker):
    """FGSM: one signed gradient step."""

    loss: str = "ce"

    def num_numbers(self, shape: Shape) -> int:  # noqa: ARG002
        """Zero: the attack is deterministic."""
        return 0

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Step to the corner of the ball that the sign of the gradient points to."""
        return fgsm(network, batch.images, batch.labels, epsilon=batch.epsilon, loss=self.loss)


@final
@dataclass(frozen=True)
class Pgd(AbstractAttacker):
    """PGD: signed steps of one size, from several random starts."""

    num_steps: int
    num_restarts: int = 1
    loss: str = "ce"

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for one start per restart."""
        return self.num_restarts * num_values(shape)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """The worst case over the restarts."""
        return pgd_with_restarts(
            network, batch.images, batch.labels, epsilon=batch.epsilon,
            noises=batch.noises(self.num_restarts), num_steps=self.num_steps, loss=self.loss,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class Tpgd(AbstractAttacker):
    """TPGD: the attack that TRADES uses in training."""

    num_steps: int

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for one start."""
        return num_values(shape)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Maximise the divergence from the clean output."""
        noise = standard_normal(batch.numbers).view_as(batch.images)
        return tpgd(
            network, batch.images, batch.labels, epsilon=batch.epsilon, noise=noise,
            num_steps=self.num_steps,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class Apgd(AbstractAttacker):
    """APGD, which adapts its step size."""

    num_steps: int
    loss: str = "ce_scaled"

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for one start."""
        return num_values(shape)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Maximise the loss."""
        return apgd(
            network, batch.images, batch.labels, epsilon=batch.epsilon,
            noise=batch.noises(1)[0], num_steps=self.num_steps, loss=self.loss,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class ApgdTargeted(AbstractAttacker):
    """APGD targeted at each of the likeliest wrong classes, by default nine as in AutoAttack."""

    num_steps: int
    num_targets: int = 9
    num_restarts: int = 1

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for one start per class and restart."""
        return self.num_restarts * self.num_targets * num_values(shape)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """The worst case over the classes and the restarts."""
        noises = batch.noises(self.num_restarts * self.num_targets)
        found = (
            apgd_targeted(
                network, batch.images, batch.labels, epsilon=batch.epsilon, noises=part,
                num_steps=self.num_steps,
            )
            for part in noises.split(self.num_targets)
        )  # fmt: skip
        return reduce(stronger, found)


@final
@dataclass(frozen=True)
class Square(AbstractAttacker):
    """Square: random search by square windows."""

    num_queries: int
    is_black_box: ClassVar[bool] = True

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for the initial stripes, and for one window and its signs per query."""
        return num_square_numbers(shape, self.num_queries)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Try one window per query, and keep those that lower the margin of the right class."""
        return square(
            network, batch.images, batch.labels, epsilon=batch.epsilon, numbers=batch.numbers,
            num_queries=self.num_queries,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class OnePixel(AbstractAttacker):
    """One-Pixel: differential evolution over a few pixels that may take any value."""

    num_pixels: int
    population: int = 400
    num_generations: int = 100
    is_black_box: ClassVar[bool] = True
    norm: ClassVar[Norm] = "l0"

    @property
    def points_at_once(self) -> int:
        """Size of the population of each image."""
        return self.population

    def num_numbers(self, shape: Shape) -> int:
        """Numbers for the initial population, and for the parents of every child."""
        return num_one_pixel_numbers(
            shape[0], num_pixels=self.num_pixels, population=self.population,
            num_generations=self.num_generations,
        )  # fmt: skip

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Evolve the changed pixels."""
        return one_pixel(
            network, batch.images, batch.labels, num_pixels=self.num_pixels,
            numbers=batch.numbers, population=self.population,
            num_generations=self.num_generations,
        )  # fmt: skip


@final
@dataclass(frozen=True)
class Transfer(AbstractAttacker):
    """Transfer attack from another network, such as a twin trained by back-propagation.

    Attributes:
        source: other network, on the same device; attacked along its true gradient.
        attacker: attack to run on it.
    """

    source: nn.Module
    attacker: AbstractAttacker
    is_black_box: ClassVar[bool] = True

    @property
    def points_at_once(self) -> int:
        """As many as the attack on the source network."""
        return self.attacker.points_at_once

    def num_numbers(self, shape: Shape) -> int:
        """As many as the attack on the source network."""
        return self.attacker.num_numbers(shape)

    def attack(self, network: nn.Module, batch: Batch) -> AttackResult:
        """Attack the source network, and evaluate this one on the adversarial images."""
        with frozen(self.source), true_gradient(self.source):
            found = self.attacker.attack(self.source, batch)
        result = transfer(network, batch.images, batch.labels, adversarial=found.adversarial)
        return replace(result, note=found.note)


def num_values(shape: Shape) -> int:
    """Number of values in one image."""
    return torch.Size(shape).numel()
