"""The protocol of a study, and the stage to which a candidate is trained."""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.adversarial_training.adversary import Adversary, parse_training
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.evaluation.constraints import Constraint, parse_constraint
from evonas.evaluation.data.fitting import Fitting
from evonas.evaluation.objectives import ALWAYS_MEASURED, COSTS, OBJECTIVES, Objective
from evonas.evaluation.training.recipe import Recipe
from evonas.seeds import derive_seed
from evonas.settings import (
    AttackSettings,
    MachineSettings,
    ProblemSettings,
    Settings,
    TrainingSettings,
)


@dataclass(frozen=True)
class Protocol:
    """Everything that determines a candidate's values, apart from the candidate itself.

    All settings are resolved (``evonas.study.resolve``).

    Attributes:
        problem: objectives and constraints; the space comes with the candidate.
        training: images and training budget.
        attack: radius of the attack, and number of attacked images.
        machine: where and at which precision to train; objectives are always measured in float32.
        seed: seed of the study, from which every candidate's seed is derived. The split, the
            attacked images and the attack's noise depend on ``training.split_seed`` instead.
    """

    problem: ProblemSettings
    training: TrainingSettings
    attack: AttackSettings
    machine: MachineSettings
    seed: int

    @classmethod
    def of(cls, settings: Settings) -> "Protocol":
        """The protocol of a run."""
        return cls(
            settings.problem,
            settings.training,
            settings.attack,
            settings.machine,
            settings.search.seed,
        )

    def on(self, device: str) -> "Protocol":
        """A copy of this protocol for another device."""
        return replace(self, machine=replace(self.machine, device=device))

    def with_batch(self, batch: int) -> "Protocol":
        """A copy of this protocol with another batch size."""
        return replace(self, training=replace(self.training, batch=batch))

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of the objectives to optimise."""
        return self.problem.objectives

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """Constraints that a candidate must meet."""
        return tuple(map(parse_constraint, self.problem.constraints))

    @cached_property
    def epsilon(self) -> Fraction:
        """Radius of the attack, in units of the pixel range."""
        return parse_epsilon(self.attack.epsilon)

    @property
    def recipe(self) -> Recipe:
        """How each candidate is trained."""
        training = self.training
        return Recipe(
            epochs=training.epochs,
            batch=training.batch,
            learning_rate=training.learning_rate,
            adversary=self.adversary,
        )

    @cached_property
    def adversary(self) -> Adversary | None:
        """Adversary whose examples candidates are trained on; None for clean training.

        Raises:
            ConfigError: there is no such method, or its radius is no share of the pixel range.
        """
        text = self.training.training_epsilon
        try:
            epsilon = self.epsilon if text is None else parse_epsilon(text)
        except ConfigError as problem:
            raise ConfigError(f"training_{problem}") from problem
        return parse_training(self.training.training_method, epsilon=epsilon)

    @property
    def data_dir(self) -> Path:
        """Folder that holds the image files."""
        return Path(self.training.data_dir)

    @property
    def fitting(self) -> Fitting:
        """Size that images are fitted to."""
        return Fitting.of(self.training)

    @property
    def device(self) -> str:
        """Device to train on, as torch names it; the first GPU if there are several."""
        return "cuda:0" if self.machine.device in ("all", "cuda") else self.machine.device

    def candidate_seed(
        self, key: str, *, replicate: int = 0, is_confirmation: bool = False
    ) -> int:
        """Seed of one training of one candidate; confirmations and replicates never share one."""
        if is_confirmation:
            return derive_seed(self.seed, key, "confirmation", replicate)
        if replicate == 0:
            return derive_seed(self.seed, key)
        return derive_seed(self.seed, key, "replicate", replicate)

    def measured(self) -> list[Objective]:
        """Objectives measured for every candidate, the cheapest first."""
        names = [*self.objectives, *(c.objective for c in self.constraints), *ALWAYS_MEASURED]
        wanted = [OBJECTIVES[name] for name in dict.fromkeys(names)]
        return sorted(wanted, key=lambda objective: COSTS.index(objective.cost))


@dataclass(frozen=True)
class Stage:
    """How far to train one candidate, and as which of its trainings.

    Attributes:
        epochs: number of epochs after which the stage ends; the whole recipe if None.
        checkpoint: checkpoint of an earlier stage to continue from; empty to start afresh.
        rivals: vectors (minimised) of candidates on the front, which gate expensive objectives.
        replicate: number of this training of the candidate, from 0. It determines the seed of
            weights, order, augmentation and feedback; the split, the attacked images and the
            attack's noise are always those of the study.
        is_confirmation: whether this is a confirmation: it has a seed that no replicate has, and
            is also measured on the test part.
        batch: batch size that replaces the study's after memory ran out; None for the study's.
    """

    epochs: int | None = None
    checkpoint: bytes = b""
    rivals: tuple[tuple[float, ...], ...] = ()
    replicate: int = 0
    is_confirmation: bool = False
    batch: int | None = None

    def seed(self, protocol: Protocol, key: str) -> int:
        """Seed of this training of the candidate ``key``."""
        return protocol.candidate_seed(
            key, replicate=self.replicate, is_confirmation=self.is_confirmation
        )
