"""Runs in the order of their evaluations, and which of them belong together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from evonas.errors import ConfigError
from evonas.evaluation.record import Evaluation
from evonas.schema import read_text
from evonas.search.pareto import Vector
from evonas.settings import SETTINGS, Settings
from evonas.study.config import SPACE_FILE
from evonas.study.results.reading import RunState, read_run
from evonas.study.results.vectors import vector

# what does not make two runs different searches
_ASIDE = ("seed", "data_dir")
# what a group is called by before all else, as other settings often follow from it
_FIRST = ("algorithm", "mutation", "mode", "fidelity")
# what a label always says where it differs, as it makes searches of another kind of them
_ALWAYS = ("space", "population")
# what makes their values incomparable
_COMMON = ("objectives", "dataset", "train_sha256", "test_sha256")


@dataclass(frozen=True)
class Trajectory:
    """One run.

    Attributes:
        name: name of its folder.
        label: label of the group it belongs to.
        vectors: vectors of its trainings in the order of asking, to be minimised: the estimate of
            the candidate at the end of the run; None for failures, and for a candidate's later
            trainings, which cost and bring no new one.
        seconds: the seconds that the trainings up to each took, measuring included, over all
            workers.
        num_outside: candidates outside the constraints.
    """

    name: str
    label: str
    vectors: tuple[Vector | None, ...]
    seconds: tuple[float, ...]
    num_outside: int = 0

    @property
    def nothing_on_front(self) -> str | None:
        """Why no candidate of the run can be on a front; None where one can."""
        if any(vector is not None for vector in self.vectors):
            return None
        if not self.num_outside:
            return "every candidate failed"
        return f"no candidate is within the constraints ({self.num_outside} outside)"


def read_trajectories(
    folders: Sequence[Path],
) -> tuple[list[Trajectory], tuple[str, ...], tuple[str, ...]]:
    """The runs in ``folders`` with their groups, and the names of their objectives.

    Runs belong together when their configurations differ in nothing but the seed. A group is
    called by its algorithm when nothing else parts the groups, else by as few settings as do;
    the space and the population are among them wherever they differ. Candidates that broke a
    constraint before they were trained cost nothing and are left out.

    Returns:
        The runs, the objectives, and the settings in which the groups differ besides.

    Raises:
        ConfigError: a folder is given twice, the runs have other objectives, data sets or images,
            or one has no evaluated candidate.
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
                name=str(folder),
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
    return labelled, runs[0].problem.objectives, tuple(unsaid(settings))


def _space_names(runs: Sequence[Settings], texts: Sequence[str]) -> list[str]:
    """Of the spaces of runs; two spaces with the same name are distinguished by a hash."""
    names = [run.problem.space for run in runs]
    known: dict[str, set[str]] = {}
    for name, text in zip(names, texts, strict=True):
        known.setdefault(name, set()).add(text)
    return [
        f"{name} ({sha256(text.encode()).hexdigest()[:8]})" if len(known[name]) > 1 else name
        for name, text in zip(names, texts, strict=True)
    ]


def _vectors(run: RunState, trainings: Sequence[Evaluation]) -> Iterator[Vector | None]:
    """The vector of each training; for a candidate's first one, its present estimate."""
    known = {each.key: vector(each, run.settings.problem.objectives) for each in run.candidates}
    for training in trainings:
        yield known[training.key] if training.replicate == 0 else None


def group_labels(runs: Sequence[Settings]) -> list[str]:
    """For each run the label of its group: what sets it apart from the others.

    Settings that differ, but tell no two groups apart that others do not, are left out.
    """
    settings, differing = [run.values() for run in runs], _differing(runs)
    if not differing or differing == ["algorithm"]:
        return [run.search.algorithm for run in runs]
    telling = _telling(differing, settings)
    return [", ".join(f"{name}={_plain(s[name])}" for name in telling) for s in settings]


def unsaid(runs: Sequence[Settings]) -> list[str]:
    """The settings in which runs differ and that :func:`group_labels` leaves out."""
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
    """Of the names as few as tell all groups apart: what follows from others is left out."""
    chosen: list[str] = []
    for name in sorted(names, key=lambda name: name not in _FIRST):  # else as they are
        tells = _num_groups([*chosen, name], settings) > _num_groups(chosen, settings)
        if tells or name in _ALWAYS:
            chosen.append(name)
    return chosen


def _num_groups(names: Sequence[str], settings: Sequence[dict[str, object]]) -> int:
    return len({tuple(s[name] for name in names) for s in settings})


def _plain(value: object) -> str:
    return ("+".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)


def _check_comparable(folders: Sequence[Path], runs: Sequence[Settings]) -> None:
    for name in _COMMON:
        for folder, run in zip(folders[1:], runs[1:], strict=True):
            mine, other = run.value(name), runs[0].value(name)
            if mine != other and None not in (mine, other):  # None: a run from before hashes
                raise ConfigError(
                    f"{folder}: {name} {_plain(mine)}, but {folders[0]} has {_plain(other)}; "
                    "such runs cannot be compared"
                )
