"""Runs as sequences of evaluations, and the groups that they belong to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.record import Evaluation
from evonas.file_names import path_text
from evonas.search.pareto import Vector
from evonas.settings import SETTINGS, Settings
from evonas.strict_yaml import read_text
from evonas.study.config import SPACE_FILE
from evonas.study.results.reading import RunState, read_run
from evonas.study.results.vectors import vector

# settings that do not make two runs different searches
_ASIDE = ("seed", "data_dir")
# settings that label a group first, because other settings often follow from them
_FIRST = ("algorithm", "mutation", "mode", "fidelity")
# settings that a label always includes if they differ, because they change the kind of search
_ALWAYS = ("space", "population")
# settings whose values must be equal, or the runs cannot be compared
_COMMON = ("objectives", "dataset", "train_sha256", "test_sha256")
# settings that say what an objective is: with another radius, robust is another objective
_MEANING = {"robust": ("epsilon",)}


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        name: name of its folder.
        label: label of the group it belongs to.
        vectors: vectors of its trainings in the order of asking, to be minimised: the final
            estimate of the candidate, at its first training; None for failures, and for further
            trainings of a candidate, which cost time but add no new candidate.
        seconds: cumulative time of the trainings, including measurements, over all workers.
        num_outside: number of candidates outside the constraints.
    """

    name: str
    label: str
    vectors: tuple[Vector | None, ...]
    seconds: tuple[float, ...]
    num_outside: int = 0

    @property
    def nothing_on_front(self) -> str | None:
        """Reason why no candidate of the run can be on a front; None if one can."""
        if any(vector is not None for vector in self.vectors):
            return None
        if not self.num_outside:
            return "every candidate failed"
        return f"no candidate is within the constraints ({self.num_outside} outside)"


def read_trajectories(
    folders: Sequence[Path],
) -> tuple[list[Trajectory], tuple[str, ...], tuple[str, ...]]:
    """Read the runs in ``folders`` with their groups, and the names of their objectives.

    Runs belong to the same group if their configurations differ only in the seed. A group is
    labelled by its algorithm if that is the only difference between groups, else by as few
    settings as distinguish them; these include the space and the population if they differ.
    Candidates that violated a constraint before training cost nothing and are left out.

    Returns:
        The runs, the objectives, and settings that differ but are not in the labels.

    Raises:
        ConfigError: a folder is given twice, the runs have different objectives, data sets or
            images, another radius of attack with ``robust``, or one has no evaluated candidate.
        RunFolderError: there is no run in a folder.
        StorageError: a journal is damaged.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("runs: a folder is given twice")
    runs, spaces, trajectories = [], [], []
    for folder in folders:
        run = read_run(folder)
        trainings = [e for e in run.evaluations if e.failure is not None or e.epochs]
        outside = sum(c.violation > 0.0 for c in run.candidates)
        if not trainings and outside:
            raise ConfigError(
                f"{folder}: no candidate of this run was trained: all {outside} are outside the "
                "constraints"
            )
        if not trainings:
            raise ConfigError(f"{folder}: no candidate of this run has been evaluated yet")
        runs.append(run.settings)
        spaces.append(read_text(folder / SPACE_FILE))
        trajectories.append(
            Trajectory(
                name=path_text(folder),
                label="",
                vectors=tuple(_vectors(run, trainings)),
                seconds=tuple(accumulate(e.seconds for e in trainings)),
                num_outside=outside,
            )
        )
    _check_comparable(folders, runs)
    settings = [
        run.with_values({"space": name})
        for run, name in zip(runs, _space_names(runs, spaces), strict=True)
    ]
    labelled = [
        replace(trajectory, label=label)
        for trajectory, label in zip(trajectories, group_labels(settings), strict=True)
    ]
    return labelled, runs[0].problem.objectives, tuple(unlabelled_differences(settings))


def _space_names(runs: Sequence[Settings], texts: Sequence[str]) -> list[str]:
    """Return the space of each run; a hash distinguishes different spaces of the same name."""
    names = [run.problem.space for run in runs]
    known: dict[str, set[str]] = {}
    for name, text in zip(names, texts, strict=True):
        known.setdefault(name, set()).add(text)
    return [
        f"{name} ({sha256(text.encode()).hexdigest()[:8]})" if len(known[name]) > 1 else name
        for name, text in zip(names, texts, strict=True)
    ]


def _vectors(run: RunState, trainings: Sequence[Evaluation]) -> Iterator[Vector | None]:
    """Yield the final estimate at a candidate's first training, and None at its others."""
    known = {each.key: vector(each, run.settings.problem.objectives) for each in run.candidates}
    for training in trainings:
        yield known[training.key] if training.replicate == 0 else None


def group_labels(runs: Sequence[Settings]) -> list[str]:
    """Return for each run the label of its group: the settings that distinguish it.

    Differing settings are left out if the others already distinguish all groups.
    """
    settings, differing = [run.values() for run in runs], _differing(runs)
    if not differing or differing == ["algorithm"]:
        return [run.search.algorithm for run in runs]
    telling = _telling(differing, settings)
    return [", ".join(f"{name}={_plain(s[name])}" for name in telling) for s in settings]


def unlabelled_differences(runs: Sequence[Settings]) -> list[str]:
    """Return the settings in which runs differ but that :func:`group_labels` leaves out."""
    differing = _differing(runs)
    said = _telling(differing, [run.values() for run in runs])
    return [name for name in differing if name not in said and name not in _COMMON]


def _differing(runs: Sequence[Settings]) -> list[str]:
    settings = [run.values() for run in runs]
    return [
        name
        for name, known in SETTINGS.items()
        if known.decides_result
        and name not in _ASIDE
        and any(s[name] != settings[0][name] for s in settings)
    ]


def _telling(names: Sequence[str], settings: Sequence[dict[str, object]]) -> list[str]:
    """Select a few names that distinguish all groups, without those that follow from others."""
    chosen: list[str] = []
    for name in sorted(names, key=lambda name: name not in _FIRST):  # else in order
        tells = _num_groups([*chosen, name], settings) > _num_groups(chosen, settings)
        if tells or name in _ALWAYS:
            chosen.append(name)
    return chosen


def _num_groups(names: Sequence[str], settings: Sequence[dict[str, object]]) -> int:
    return len({tuple(s[name] for name in names) for s in settings})


def _plain(value: object) -> str:
    return ("+".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)


def _check_comparable(folders: Sequence[Path], runs: Sequence[Settings]) -> None:
    meant = [name for each in runs[0].problem.objectives for name in _MEANING.get(each, ())]
    for name in (*_COMMON, *meant):
        for folder, run in zip(folders[1:], runs[1:], strict=True):
            mine, other = run.value(name), runs[0].value(name)
            if mine != other and None not in (mine, other):  # None: a run without hashes
                raise ConfigError(
                    f"{folder}: {name} {_plain(mine)}, but {folders[0]} has {_plain(other)}; "
                    "such runs cannot be compared"
                )
