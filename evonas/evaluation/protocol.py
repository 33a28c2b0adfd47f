"""What decides a candidate's values, apart from the candidate itself."""

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
    """Everything that decides a candidate's values, apart from the candidate itself.

    All settings are filled in (``evonas.study.resolve``).

    Attributes:
        problem: its objectives and constraints; the space comes with the candidate.
        training: the images, and how long they are learned.
        attack: its radius, and how many images it is tried on.
        machine: where the candidate is trained; what is measured is measured in float32.
        seed: seed of the study: it decides every candidate's seed. The split, the attacked images
            and the attack's noise are decided by ``training.split_seed``.
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
        """The same on another device."""
        return replace(self, machine=replace(self.machine, device=device))

    def with_batch(self, batch: int) -> "Protocol":
        """The same with other mini-batches."""
        return replace(self, training=replace(self.training, batch=batch))

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of what is optimised."""
        return self.problem.objectives

    @cached_property
    def constraints(self) -> tuple[Constraint, ...]:
        """What a candidate must keep to."""
        return tuple(map(parse_constraint, self.problem.constraints))

    @cached_property
    def epsilon(self) -> Fraction:
        """Of the attack, in units of the pixel range."""
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
        """Makes the adversarial examples that candidates are trained on; None for none.

        Raises:
            ConfigError: there is no such training, or its radius is no share of the pixel range.
        """
        text = self.training.training_epsilon
        try:
            epsilon = self.epsilon if text is None else parse_epsilon(text)
        except ConfigError as problem:
            raise ConfigError(f"training_{problem}") from problem
        return parse_training(self.training.training_method, epsilon=epsilon)

    @property
    def data_dir(self) -> Path:
        """The folder of the images' files."""
        return Path(self.training.data_dir)

    @property
    def fitting(self) -> Fitting:
        """The size that images are brought to."""
        return Fitting.of(self.training)

    @property
    def device(self) -> str:
        """Where candidates are trained, as torch writes it; the first of several GPUs."""
        return "cuda:0" if self.machine.device in ("all", "cuda") else self.machine.device

    def candidate_seed(
        self, key: str, *, replicate: int = 0, is_confirmation: bool = False
    ) -> int:
        """Of one training of one candidate; no confirmation has the seed of a replicate."""
        if is_confirmation:
            return derive_seed(self.seed, key, "confirmation", replicate)
        if replicate == 0:
            return derive_seed(self.seed, key)
        return derive_seed(self.seed, key, "replicate", replicate)

    def measured(self) -> list[Objective]:
        """What is measured of every candidate, the cheapest first."""
        names = [*self.objectives, *(c.objective for c in self.constraints), *ALWAYS_MEASURED]
        wanted = [OBJECTIVES[name] for name in dict.fromkeys(names)]
        return sorted(wanted, key=lambda objective: COSTS.index(objective.cost))


@dataclass(frozen=True)
class Stage:
    """How far one candidate is taken.

    Attributes:
        epochs: it is trained up to the end of this one; up to the last if None.
        checkpoint: checkpoint of an earlier stage, to go on from; empty to begin.
        rivals: vectors (minimised) of candidates on the front, which gate expensive objectives.
        replicate: which training of the candidate this is, from 0: another number is another seed
            of weights, order, augmentation and feedback. The split, the attacked images and the
            attack's noise are those of the study.
        is_confirmation: whether it plays no part in the search: then its seed is another again,
            and the test part is read too.
        batch: to train with in the place of the study's, where memory ran out; None for that.
    """

    epochs: int | None = None
    checkpoint: bytes = b""
    rivals: tuple[tuple[float, ...], ...] = ()
    replicate: int = 0
    is_confirmation: bool = False
    batch: int | None = None

    def seed(self, protocol: Protocol, key: str) -> int:
        """Of this training of the candidate ``key``."""
        return protocol.candidate_seed(
            key, replicate=self.replicate, is_confirmation=self.is_confirmation
        )
