"""Everything that decides the result of a run, resolved to the last default, as YAML."""

import platform
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from evonas.errors import ConfigError, SpaceError
from evonas.evaluation.attacks.robustness import parse_epsilon
from evonas.evaluation.constraints import parse_constraint
from evonas.evaluation.data.loading import DATASETS
from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.protocol import Gate, Protocol
from evonas.evaluation.training.devices import devices_of
from evonas.evaluation.training.precision import Precision, check_precision
from evonas.evaluation.training.recipe import Recipe
from evonas.registry import look_up
from evonas.rules import all_rules, first_layer_representatives, readout_representatives
from evonas.schema import read_yaml, structure
from evonas.search.engines import SEARCHES, check_search
from evonas.search.guided_engines import GUIDED_SEARCHES
from evonas.space import Space, load
from evonas.study.guidance import check_guidance

CONFIG_FILE = "config.yaml"
SPACE_FILE = "space.yaml"
MODES = {"generational": "all of a generation is told before the next", "steady": "one by one"}
GATES: dict[str, Gate] = {"skip": "skip", "measure": "measure", "off": "off"}
PACKAGES = ("evonas", "torch", "numpy", "pymoo", "deap", "moocore")


@dataclass(frozen=True)
class RunConfig:
    """A run, resolved; two runs with equal configurations have equal results.

    Attributes:
        space: name of the search space; its file is copied into the run's folder.
        objectives: names of what is optimised, in the order of the columns.
        rules: names of the learning rules that a gene can choose.
        dataset: name of the data set.
        data_dir: where its files lie.
        algorithm: name of the search engine.
        population: candidates in a generation.
        generations: at most.
        evaluations: candidates at most.
        epochs: that each candidate is trained for.
        batch: images in a mini-batch.
        images: of the training part; None for all of them.
        channels: of the first stage.
        cells: in each stage.
        seed: of everything random.
        epsilon: radius of the attack, as ``n/255``.
        attacked_images: validation images that are attacked.
        device: where candidates are trained: cpu, cuda, cuda:<number> or all.
        precision: of their training: fp32, tf32 or bf16.
        mutation: ``plain``, or ``eg``: a supernet guides half of the children.
        eg_without: parts of that operator that are switched off.
        supernet_epochs: that the supernet is trained for; None without one, like the next two.
        supernet_images: of the training part that it learns from; None for all of them.
        supernet_channels: of its first stage.
        mode: how the search is asked, a name of :data:`MODES`.
        constraints: what a candidate must keep to, such as ``params<=1.0M``.
        gate: what becomes of dear objectives that could make no difference, a name of
            :data:`GATES`.
        fidelity: epochs after which candidates are compared and most are stopped, the last of them
            ``epochs``; empty when every candidate is fully trained.
        eta: of so many candidates compared, one is trained on.
    """

    space: str
    objectives: tuple[str, ...]
    rules: tuple[str, ...]
    dataset: str
    data_dir: str
    algorithm: str
    population: int
    generations: int
    evaluations: int
    epochs: int
    batch: int
    images: int | None
    channels: int
    cells: int
    seed: int
    epsilon: str
    attacked_images: int
    device: str
    precision: Precision = "fp32"
    mutation: str = "plain"
    eg_without: tuple[str, ...] = ()
    supernet_epochs: int | None = None
    supernet_images: int | None = None
    supernet_channels: int | None = None
    mode: str = "generational"
    constraints: tuple[str, ...] = ()
    gate: str = "skip"
    fidelity: tuple[int, ...] = ()
    eta: int = 3

    def __post_init__(self) -> None:
        problems = [*_counts_below_one(self), *_repeats(self), *_crooked_rungs(self)]
        for name in ("population", "batch", "eta"):  # a batch of one has no statistics
            if getattr(self, name) == 1:
                problems.append(f"{name}: expected at least 2, got 1")
        if self.seed < 0:
            problems.append(f"seed: expected a whole number of at least 0, got {self.seed}")
        if problems:
            raise ConfigError("; ".join(problems))
        for table, names, kind in (
            (OBJECTIVES, self.objectives, "objective"),
            (all_rules(), self.rules, "rule"),
            (DATASETS, (self.dataset,), "data set"),
            ({**SEARCHES, **GUIDED_SEARCHES}, (self.algorithm,), "algorithm"),
            (MODES, (self.mode,), "mode"),
            (GATES, (self.gate,), "gate"),
        ):
            for name in names:
                look_up(table, name, kind=kind)
        if self.algorithm in SEARCHES:
            check_search(self.algorithm, len(self.objectives))
        check_precision(self.precision, device=self.device)
        check_guidance(self)
        if len(self.objectives) < 1:
            raise ConfigError("objectives: expected at least one, got none")
        for constraint in self.constraints:
            parse_constraint(constraint)
        measured = [objective.name for objective in self.protocol().measured()]
        if parse_epsilon(self.epsilon) == 0 and "robust" in measured:
            raise ConfigError("epsilon: at 0 nothing is attacked; give a radius such as 1/255")

    def protocol(self) -> Protocol:
        """What a worker needs to evaluate a candidate."""
        return Protocol(
            dataset=self.dataset,
            data_dir=Path(self.data_dir),
            num_images=self.images,
            recipe=Recipe(epochs=self.epochs, batch=self.batch),
            objectives=self.objectives,
            epsilon=parse_epsilon(self.epsilon),
            attacked_images=self.attacked_images,
            seed=self.seed,
            device=devices_of(self.device)[0],
            precision=self.precision,
            constraints=tuple(map(parse_constraint, self.constraints)),
            gate=GATES[self.gate],
        )

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which candidates are compared; the last is full training."""
        return self.fidelity or (self.epochs,)

    @property
    def num_candidates(self) -> int:
        """How many are trained at most."""
        return min(self.evaluations, self.population * self.generations)

    def differences(self, other: "RunConfig") -> list[str]:
        """``name: value here, value there`` for every setting that differs."""
        mine, theirs = asdict(self), asdict(other)
        return [
            f"{name}: {mine[name]} and {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        ]


def shaped_space(space: Space, config: RunConfig) -> Space:
    """``space`` at the size of a run, with the run's rules."""
    return (
        space.resized(channels=config.channels, cells=config.cells)
        .with_rules(config.rules)
        .with_first_layer(first_layer_representatives(all_rules(), config.rules))
        .with_readout(readout_representatives(all_rules(), config.rules))
    )


def write_config(config: RunConfig, folder: Path) -> None:
    """Write ``config.yaml``: the settings, and the versions they were run with."""
    document: dict[str, Any] = asdict(config)
    for name, value in document.items():
        if isinstance(value, tuple):
            document[name] = list(value)
    document["versions"] = {"python": platform.python_version()} | {
        package: _version(package) for package in PACKAGES
    }
    document["versions"] |= all_rules().packages(config.rules)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    (folder / CONFIG_FILE).write_text(text, encoding="utf-8")


def read_config(folder: Path) -> RunConfig:
    """The configuration of the run in ``folder``.

    Raises:
        ConfigError: the file is missing, or is not a configuration.
    """
    path = folder / CONFIG_FILE
    document = read_yaml(path, error=ConfigError)
    if not isinstance(document, dict):
        raise ConfigError(f"{path}: expected the settings of a run")
    document.pop("versions", None)
    return structure(document, RunConfig, where=str(path), error=ConfigError)


def read_space(config: RunConfig, folder: Path) -> Space:
    """The space of the run in ``folder``, from the copy that was made when it began."""
    path = folder / SPACE_FILE
    if not path.exists():
        raise SpaceError(f"{path}: the run's copy of its search space is missing")
    return shaped_space(load(str(path)), config)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _counts_below_one(config: RunConfig) -> list[str]:
    return [
        f"{field.name}: expected a whole number of at least 1, got {value}"
        for field in fields(config)
        if field.name != "seed"
        and isinstance(value := getattr(config, field.name), int)
        and value < 1
    ]


def _crooked_rungs(config: RunConfig) -> list[str]:
    rungs = config.fidelity
    if not rungs:
        return []
    problems = []
    if len(rungs) < 2 or rungs[0] < 1 or any(a >= b for a, b in pairwise(rungs)):
        problems.append(
            "fidelity: expected at least two increasing numbers of epochs, such as 1,3,9, got "
            + ",".join(map(str, rungs))
        )
    if rungs[-1] != config.epochs:
        problems.append(
            f"fidelity: expected to end in the {config.epochs} epochs of full training, ends in "
            f"{rungs[-1]}"
        )
    return problems


def _repeats(config: RunConfig) -> list[str]:
    problems = []
    for name in ("objectives", "rules"):
        values = getattr(config, name)
        if not values:
            problems.append(f"{name}: expected at least one name, got none")
        if len(set(values)) < len(values):
            problems.append(f"{name}: a name is given twice: {', '.join(values)}")
    return problems
