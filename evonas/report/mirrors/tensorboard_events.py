"""Mirror a run as TensorBoard event files: curves, hyperparameters, hypervolume, front."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg

from evonas.errors import ConfigError
from evonas.evaluation.record import Evaluation
from evonas.file_names import is_file_name
from evonas.report.mirrors.base import Step, failures_as_mirror_errors, imported
from evonas.report.mirrors.finals import FinalCurve
from evonas.report.mirrors.front_table import front_table
from evonas.report.mirrors.history import Training
from evonas.report.mirrors.snapshot import Snapshot
from evonas.report.plot import front_figure
from evonas.study.results.reading import RunState
from evonas.study.weights import write_whole

IDENTITY_FILE = "evonas-run"
"""File in the folder of a mirror that identifies the mirrored run."""

Point = tuple[int, Mapping[str, float]]
"""A step, and scalars keyed by tag."""


@final
class TensorboardMirror:
    """Writes a folder for each training, each seed of ``evonas train``, and the search.

    An event file is written under a temporary name and then renamed, and never changes again. Its
    name ends with the journal entry and the step up to which it goes, so that a later mirror
    continues after them.

    Args:
        folder: the ``--logdir`` of TensorBoard; the run gets a subfolder.
        now: clock, in seconds since 1970.

    Raises:
        ConfigError: TensorBoard is not installed, or the folder is a file.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self._protos = imported("tensorboard.compat.proto.event_pb2", extra="tensorboard")
        self._records = imported("tensorboard.summary.writer.record_writer", extra="tensorboard")
        self._summaries = imported("torch.utils.tensorboard.summary", extra="tensorboard")
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"tensorboard: expected a folder, got the file {folder}")
        self._folder = folder
        self._now = now

    def update(self, run: Snapshot, *, on_step: Step) -> None:
        """Write event files with new content; see :class:`Mirror`."""
        with failures_as_mirror_errors(str(self._folder)):
            home = self._home(run)
            for training in run.trainings:
                if training.result is not None:
                    self._write_training(home, run, training, training.result)
                on_step()
            for curve in run.finals:
                self._write_final(home / "final" / curve.name, curve)
            self._write_search(home / "search", run)

    def _home(self, run: Snapshot) -> Path:
        if not is_file_name(run.name):
            raise ConfigError(
                f"tensorboard: expected a valid folder name, got '{run.name:.60}'; give "
                "another --name"
            )
        home = self._folder / run.name
        path = home / IDENTITY_FILE
        found = path.read_text(encoding="utf-8").strip() if path.exists() else None
        if found is None and not home.exists():
            home.mkdir(parents=True)
        elif found is None and any(home.iterdir()):
            found = "something else"
        if found is None:
            write_whole(path, f"{run.identity}\n".encode())
        elif found != run.identity:
            raise ConfigError(
                f"tensorboard: {home} is not of this run; give another --name or folder"
            )
        return home

    def _write_training(
        self, home: Path, run: Snapshot, training: Training, result: Evaluation
    ) -> None:
        folder = home / "trainings" / training.name
        last = _last(folder)
        if last is not None and last.step >= result.epochs:
            return
        points: list[Point] = [
            (epoch, {"loss/training": loss}) for epoch, loss in enumerate(result.losses, start=1)
        ]
        scores = {f"objective/{name}": value for name, value in result.values.items()}
        points.append((result.epochs, scores))
        summaries = self._scalars(points, after=-1 if last is None else last.step)
        if training.state == "whole":
            parameters = dict(run.parameters(training.genome))
            summaries += [(None, each) for each in self._summaries.hparams(parameters, scores)]
        if result.failure is not None:
            summaries.append((result.epochs, self._summaries.text("failure", result.failure)))
        self._write(folder, _Mark(training.position, result.epochs), summaries)

    def _write_final(self, folder: Path, curve: FinalCurve) -> None:
        last = _last(folder)
        points: list[Point] = []
        for each in curve.epochs:
            scalars = {"loss/training": each.loss, "learning rate": each.learning_rate}
            if each.validation is not None:
                scalars["accuracy/validation"] = each.validation
            points.append((each.epoch, scalars))
        step = len(curve.epochs)
        if curve.result is not None and curve.result.test is not None:
            step += 1  # after the last epoch, and written once
            points.append((step, {"accuracy/test": curve.result.test}))
        after = 0 if last is None else last.step
        if step > after:
            self._write(folder, _Mark(0, step), self._scalars(points, after=after))

    def _write_search(self, folder: Path, run: Snapshot) -> None:
        last = _last(folder)
        position, step = (0, 0) if last is None else (last.position, last.step)
        # an idle run shows more (front, picture) than the same journal while a process works on it
        now = 2 * run.position + (not run.is_running)
        if now <= position:
            return
        new = [volume for volume in run.volumes if volume.trainings > step]
        points = [(each.trainings, {"hypervolume": each.hypervolume}) for each in new]
        summaries = self._scalars(points, after=step)
        if run.state is not None and not run.is_running:
            done = sum(training.result is not None for training in run.trainings)
            table = front_table(run.state, run.objectives)
            summaries.append((done, self._summaries.text("front", table)))
            picture = _picture(run.state, run.objectives)
            summaries.append((done, self._summaries.image("front", picture, dataformats="HWC")))
        if summaries:
            self._write(folder, _Mark(now, new[-1].trainings if new else step), summaries)

    def _scalars(self, points: Sequence[Point], *, after: int) -> list[tuple[int | None, Any]]:
        return [
            (step, self._summaries.scalar(tag, value))
            for step, scalars in points
            if step > after
            for tag, value in scalars.items()
        ]

    def _write(
        self, folder: Path, mark: "_Mark", summaries: Sequence[tuple[int | None, Any]]
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / "unfinished"  # TensorBoard ignores files with this name
        event, now = self._protos.Event, self._now()
        with part.open("wb") as file:
            records = self._records.RecordWriter(file)
            records.write(event(wall_time=now, file_version="brain.Event:2").SerializeToString())
            for step, summary in summaries:
                one = event(wall_time=now, step=step, summary=summary)
                records.write(one.SerializeToString())
            records.flush()
            os.fsync(file.fileno())
        part.replace(folder / mark.file_name)


@dataclass(frozen=True)
class _Mark:
    """The point up to which an event file goes.

    Attributes:
        position: number that grows with the journal; 0 if the file does not depend on it.
        step: last step.
    """

    position: int
    step: int

    @property
    def file_name(self) -> str:
        """File name; TensorBoard reads the files of a folder in the order of their names."""
        return f"events.out.tfevents.{self.position:010d}.{self.step:010d}.evonas"


def _last(folder: Path) -> _Mark | None:
    """The point up to which the event files of a folder go; None if there is no file."""
    names = sorted(path.name for path in folder.glob("events.out.tfevents.*.evonas"))
    if not names:
        return None
    position, step = names[-1].split(".")[-3:-1]
    return _Mark(int(position), int(step))


def _picture(state: RunState, objectives: Sequence[str]) -> Any:
    """Picture of the front, as bytes of shape (height, width, 3)."""
    canvas = FigureCanvasAgg(front_figure(state.candidates, objectives, title=""))
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
