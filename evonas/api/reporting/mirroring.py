"""Copy a run into another tool's store, once or while it runs."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from evonas.api.study import Study
from evonas.errors import ConfigError, MirrorError
from evonas.report.mirrors.base import Mirror, Step
from evonas.report.mirrors.mlflow_experiment import MlflowMirror
from evonas.report.mirrors.optuna_study import OptunaMirror
from evonas.report.mirrors.snapshot import Snapshot, read_snapshot
from evonas.study.upkeep.state import is_locked

if TYPE_CHECKING:
    from evonas.report.mirrors.tensorboard_events import TensorboardMirror

MIN_SECONDS = 1.0
"""Minimum seconds between two checks of a run."""

Bar = Callable[[int], AbstractContextManager[Step]]
"""Shows the progress of a copy: called with the number of trainings."""


def mirror(
    run: Study | Path | str,
    *,
    optuna: str | None = None,
    tensorboard: Path | str | None = None,
    mlflow: str | None = None,
    name: str | None = None,
) -> None:
    """Copy a run into an Optuna storage, event files of TensorBoard, or an MLflow store.

    The run is only read. Existing entries are not written again, so the call can be repeated as
    the run progresses; ``evonas mirror --follow`` does so automatically. See docs/mirrors.md.

    Args:
        run: a study, or the folder of a run.
        optuna: a storage, such as ``sqlite:///study.db``, or the path of a journal file; needs
            the extra ``optuna``.
        tensorboard: a folder, TensorBoard's ``--logdir``; needs the extra ``tensorboard``.
        mlflow: a tracking store, such as ``sqlite:///mlflow.db``; needs the extra ``mlflow``.
        name: name of the run in the store; the folder's name if None.

    Raises:
        ConfigError: no store is given, a package is missing, a store cannot be opened, or this
            name is taken by something else.
        RunFolderError: there is no run in the folder.
        MirrorError: a store fails during writing.
        StorageError: the files of the run are damaged.

    Examples:
        >>> evonas.mirror(study, tensorboard="logs")
    """
    folder = run.folder if isinstance(run, Study) else Path(run)
    with mirrors(folder, optuna=optuna, tensorboard=tensorboard, mlflow=mlflow, name=name) as copy:
        copy.update()


class Copies:
    """One run and the stores that it is copied into.

    Args:
        folder: folder of the run.
        name: name of the run in the stores.
        makers: functions that create a mirror of each store.
        bar: shows the progress of a copy.
    """

    def __init__(
        self, folder: Path, *, name: str, makers: list[Callable[[], Mirror]], bar: Bar
    ) -> None:
        self._folder = folder
        self._name = name
        self._makers = makers
        self._bar = bar
        self._mirrors: list[Mirror | None] = [None for _ in makers]

    def update(self) -> Snapshot:
        """Copy what is new.

        Returns:
            The run in the state that was copied.
        """
        run = read_snapshot(self._folder, name=self._name)
        for place, make in enumerate(self._makers):
            made = self._mirrors[place] or make()
            # after a failure it looks up again what the store holds
            self._mirrors[place] = None
            with self._bar(len(run.trainings)) as step:
                made.update(run, on_step=step)
            self._mirrors[place] = made
        return run

    def follow(
        self,
        *,
        every_seconds: float,
        on_updated: Callable[[Snapshot], None],
        on_failure: Callable[[MirrorError], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Keep copying what is new until no process is working on the run.

        Args:
            every_seconds: seconds between checks.
            on_updated: called with what was copied.
            on_failure: called with a store that failed; it is retried after the next wait.
            sleep: function that waits.

        Raises:
            ConfigError: ``every_seconds`` is below 1.
            MirrorError: a store still fails when nothing works on the run any more.
        """
        if not every_seconds >= MIN_SECONDS:
            raise ConfigError(
                f"seconds between checks: expected at least {MIN_SECONDS:g}, got {every_seconds:g}"
            )
        while True:
            was_running = is_locked(self._folder)
            try:
                run = self.update()
            except MirrorError as problem:
                if not was_running:
                    raise
                on_failure(problem)
            else:
                on_updated(run)
                if not run.is_running:
                    return
            sleep(every_seconds)


@contextmanager
def mirrors(
    folder: Path,
    *,
    optuna: str | None,
    tensorboard: Path | str | None,
    mlflow: str | None,
    name: str | None,
    bar: Bar = lambda _: nullcontext(lambda: None),
) -> Iterator[Copies]:
    """The stores of a run, locked against other mirroring processes.

    Args:
        folder: folder of the run.
        optuna: as in :func:`mirror`.
        tensorboard: as in :func:`mirror`.
        mlflow: as in :func:`mirror`.
        name: as in :func:`mirror`.
        bar: shows the progress of a copy.

    Raises:
        ConfigError: no store is given, or another process is mirroring the run to one of them.
    """
    makers: dict[str, Callable[[], Mirror]] = {}
    if optuna is not None:
        makers[f"optuna {optuna}"] = lambda: OptunaMirror(optuna)
    if tensorboard is not None:
        logs = Path(tensorboard)
        makers[f"tensorboard {logs.resolve()}"] = lambda: _tensorboard(logs)
    if mlflow is not None:
        makers[f"mlflow {mlflow}"] = lambda: MlflowMirror(mlflow)
    if not makers:
        raise ConfigError(
            "mirror: expected a store, got none; give --optuna, --tensorboard or --mlflow"
        )
    name = name or folder.resolve().name
    with ExitStack() as held:
        for store in makers:
            # the run too: elsewhere, sqlite:///study.db is another file
            held.enter_context(_held(f"{store} {name}", folder))
        yield Copies(folder, name=name, makers=list(makers.values()), bar=bar)


def _tensorboard(logs: Path) -> "TensorboardMirror":
    from evonas.report.mirrors.tensorboard_events import TensorboardMirror  # draws

    return TensorboardMirror(logs)


@contextmanager
def _held(what: str, folder: Path) -> Iterator[None]:
    """Keep a second process of this machine from adding the same trials."""
    # the folder of temporary files is shared by all users
    user = f"{Path.home()} {what} {folder.resolve()}"
    digest = hashlib.sha256(user.encode()).hexdigest()[:16]
    lock = FileLock(Path(tempfile.gettempdir()) / f"evonas-mirror-{digest}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as problem:
        raise ConfigError(f"mirror: another process mirrors this run to {what}") from problem
    try:
        yield
    finally:
        lock.release()
