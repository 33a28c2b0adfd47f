"""The candidates of one run, or of several runs that can be pooled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from evonas.errors import ConfigError, show
from evonas.space import Genome, Space
from evonas.study.results.candidate import Candidate
from evonas.study.results.reading import RunState

IMMATERIAL = ("data_dir", "download", "split_seed", "objectives")
"""Settings that may differ between pooled runs; objectives are compared as a set."""


@dataclass(frozen=True)
class Member:
    """One candidate that was trained.

    Attributes:
        run: number of its run, from 0.
        key: key of the candidate.
        genome: canonical genome.
        values: values by objective; incomplete for a failed candidate.
        noise: standard error due to training by objective, if known.
        contends: whether it was trained and measured in full, within all constraints.
        on_front: whether it is on the front that its run returned.
    """

    run: int
    key: str
    genome: Genome
    values: Mapping[str, float]
    noise: Mapping[str, float | None]
    contends: bool
    on_front: bool


@dataclass(frozen=True)
class Population:
    """All members of one or several runs on the same space.

    Attributes:
        space: space at the size of the runs, with their rules.
        objectives: objectives of the runs.
        members: candidates in the order of asking, run after run.
    """

    space: Space
    objectives: tuple[str, ...]
    members: tuple[Member, ...]

    @property
    def front(self) -> tuple[Member, ...]:
        """Members on the front of their run."""
        return tuple(member for member in self.members if member.on_front)

    @property
    def contending(self) -> tuple[Member, ...]:
        """Members that were trained and measured in full, within all constraints."""
        return tuple(member for member in self.members if member.contends)


def pool(runs: Sequence[RunState], spaces: Sequence[Space]) -> Population:
    """Pool the members of all runs.

    Candidates that were rejected before training are not members.

    Args:
        runs: at least one run.
        spaces: space of each run, at its size and with its rules.

    Raises:
        ConfigError: the runs differ in space, objectives, rules or protocol; or none of their
            candidates was trained.
    """
    first, space = runs[0], spaces[0]
    for run, other in zip(runs[1:], spaces[1:], strict=True):
        _check_alike(first, run)
        if other != space:
            raise ConfigError(
                f"{run.folder}: its space '{other.name}' is not that of {first.folder}; "
                "the two differ but have the same name; analyse them one by one"
            )
    members = tuple(
        _member(number, candidate, space)
        for number, run in enumerate(runs)
        for candidate in run.candidates
        if candidate.representative.epochs > 0
    )
    if not members:
        names = ", ".join(str(run.folder) for run in runs)
        raise ConfigError(f"{names}: nothing to analyse, no candidate was trained yet")
    return Population(space, first.settings.problem.objectives, members)


def _member(run: int, candidate: Candidate, space: Space) -> Member:
    return Member(
        run=run,
        key=candidate.key,
        genome=space.canonical(space.parse(candidate.genome)),
        values=candidate.values,
        noise=candidate.noise,
        contends=candidate.contends,
        on_front=candidate.on_front,
    )


def _check_alike(first: RunState, other: RunState) -> None:
    """Reject runs whose candidates cannot be compared."""
    mine, theirs = (set(run.settings.problem.objectives) for run in (first, other))
    if mine != theirs:
        raise ConfigError(
            f"{other.folder}: expected the objectives of {first.folder} "
            f"({', '.join(sorted(mine))}), found {', '.join(sorted(theirs))}; analyse them one by "
            "one"
        )
    for group in ("problem", "training", "attack"):
        for name, one, two in _differences(
            getattr(first.settings, group), getattr(other.settings, group)
        ):
            raise ConfigError(
                f"{other.folder}: expected {name} {show(one)} as in {first.folder}, found "
                f"{show(two)}; analyse them one by one"
            )


def _differences(first: Any, other: Any) -> list[tuple[str, Any, Any]]:
    return [
        (field.name, getattr(first, field.name), getattr(other, field.name))
        for field in fields(first)
        if field.name not in IMMATERIAL
        and getattr(first, field.name) != getattr(other, field.name)
    ]
