"""Runs in the order of their evaluations, and which of them belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from evonas.errors import ConfigError
from evonas.search.pareto import Vector
from evonas.settings import SETTINGS, Settings
from evonas.study.results.reading import RunState, read_run
from evonas.study.results.vectors import vector

# what does not make two runs different searches
_ASIDE = ("seed", "data_dir")
# what a group is called by before all else, as other settings often follow from it
_FIRST = ("algorithm", "mutation", "mode", "fidelity")
# what makes their values incomparable
_COMMON = ("objectives", "dataset")


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        name: of its folder.
        label: of the group it belongs to.
        vectors: of its trainings in the order of asking, to be minimised: what is believed of the
            candidate at the end of the run; None for failures, and for a candidate's later
            trainings, which cost and bring no new one.
        seconds: that the trainings up to each took, measuring included, over all workers.
    """

    name: str
    label: str
    vectors: tuple[Vector | None, ...]
    seconds: tuple[float, ...]


def read_trajectories(folders: Sequence[Path]) -> tuple[list[Trajectory], tuple[str, ...]]:
    """The runs in ``folders`` with their groups, and the names of their objectives.

    Runs belong together when their configurations differ in nothing but the seed. A group is
    called by its algorithm when nothing else parts the groups, else by as few settings as do.

    Raises:
        ConfigError: a folder is given twice, the runs have other objectives or data sets, or one
            has no evaluated candidate.
        RunFolderError: there is no run in a folder.
        StorageError: a journal is damaged.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("runs: a folder is given twice")
    runs, trajectories = [], []
    for folder in folders:
        run = read_run(folder)
        if not run.evaluations:
            raise ConfigError(f"{folder}: no candidate of this run has been evaluated yet")
        runs.append(run.settings)
        trajectories.append(
            Trajectory(
                name=str(folder),
                label="",
                vectors=tuple(_vectors(run)),
                seconds=tuple(accumulate(e.seconds for e in run.evaluations)),
            )
        )
    _check_comparable(folders, runs)
    labels = group_labels(runs)
    return [
        Trajectory(trajectory.name, label, trajectory.vectors, trajectory.seconds)
        for trajectory, label in zip(trajectories, labels, strict=True)
    ], runs[0].problem.objectives


def _vectors(run: RunState) -> Iterator[Vector | None]:
    """What each training brought: a candidate's first one, what is now believed of it."""
    known = {each.key: vector(each, run.settings.problem.objectives) for each in run.candidates}
    for training in run.evaluations:
        yield known[training.key] if training.replicate == 0 else None


def group_labels(runs: Sequence[Settings]) -> list[str]:
    """For each run the label of its group: what sets it apart from the others.

    Settings that differ, but tell no two groups apart that others do not, are left out.
    """
    settings = [run.values() for run in runs]
    differing = [
        name
        for name, known in SETTINGS.items()
        if known.decides_result
        and name not in _ASIDE
        and any(s[name] != settings[0][name] for s in settings)
    ]
    if not differing or differing == ["algorithm"]:
        return [run.search.algorithm for run in runs]
    telling = _telling(differing, settings)
    return [", ".join(f"{name}={_plain(s[name])}" for name in telling) for s in settings]


def _telling(names: Sequence[str], settings: Sequence[dict[str, object]]) -> list[str]:
    """Of the names as few as tell all groups apart: what follows from others is left out."""
    chosen: list[str] = []
    for name in sorted(names, key=lambda name: name not in _FIRST):  # else as they are
        if _num_groups([*chosen, name], settings) > _num_groups(chosen, settings):
            chosen.append(name)
    return chosen


def _num_groups(names: Sequence[str], settings: Sequence[dict[str, object]]) -> int:
    return len({tuple(s[name] for name in names) for s in settings})


def _plain(value: object) -> str:
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _check_comparable(folders: Sequence[Path], runs: Sequence[Settings]) -> None:
    for name in _COMMON:
        for folder, run in zip(folders[1:], runs[1:], strict=True):
            mine, other = run.value(name), runs[0].value(name)
            if mine != other:
                raise ConfigError(
                    f"{folder}: {name} {_plain(mine)}, but {folders[0]} has {_plain(other)}; "
                    "such runs cannot be compared"
                )
