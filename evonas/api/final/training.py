"""Fully train a candidate of a run, a genome or a named network; test it once."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from os import PathLike
from pathlib import Path

from filelock import FileLock, Timeout

from evonas.api.final.jobs import make_job, recipe_with
from evonas.api.final.report import FinalReport, seed_folder
from evonas.api.progress_bar import count_display
from evonas.errors import ConfigError, DataError, RunFolderError
from evonas.evaluation.data.images import Images
from evonas.evaluation.data.loading import load_test
from evonas.evaluation.final.final_training import FinalTraining
from evonas.evaluation.final.recipe import FinalRecipe
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.evaluation.training.precision import default_precision
from evonas.settings.machine import Precision
from evonas.settings.reading import whole_number
from evonas.study.final.companions import companions
from evonas.study.final.job import FinalJob
from evonas.study.final.prepared import load_job_data
from evonas.study.final.result import read_result
from evonas.study.final.run import Ended, run_seed
from evonas.study.folder import LOCK_FILE
from evonas.study.versions import installed_packages
from evonas.study.weights import write_whole

BAR_TITLE = "training"


@ordinary_torch()
def train(
    run: str | PathLike[str] | None = None,
    key: str | None = None,
    *,
    space: str | Path | None = None,
    genome: str | None = None,
    network: str | None = None,
    rule: str | Sequence[str] | None = None,
    recipe: str | Path | FinalRecipe | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    channels: int | None = None,
    cells: int | None = None,
    rules: list[str] | tuple[str, ...] | None = None,
    dataset: str | None = None,
    data_dir: Path | str | None = None,
    image_size: int | None = None,
    image_storage: str = "auto",
    split_seed: int = 0,
    seeds: int = 1,
    device: str = "cpu",
    precision: Precision | None = None,
    processes: int = 1,
    out: Path | str | None = None,
    progress: bool = True,
) -> FinalReport:
    """Train one network fully, once for each seed, and test it once.

    After an interruption, the same call continues to the same numbers (on the same number of
    threads). Finished seeds are only read.

    Args:
        run: a study or the folder of a run; or give ``space`` and ``genome``, or ``network`` and
            ``rule``.
        key: key of a candidate of the run, or an unambiguous prefix of it.
        space: name of a shipped space, or path of a YAML file.
        genome: its text, as in the tables of a run.
        network: resnet20, resnet56, vgg8b, fast-cifar10, fast-cifar10-wide or fast-cifar10-plain.
        rule: rule of all layers, or one per layer from the stem to the classifier; options in
            brackets, as in ``local(beta=0.99)``.
        recipe: name of a shipped recipe, path of a YAML file, or a recipe; the network's own, or
            ``nas-bench-201``, if None.
        epochs: overrides the recipe's.
        batch: overrides the recipe's.
        learning_rate: overrides the recipe's.
        channels: channels of the first stage; the run's, or the space's, if None.
        cells: cells of a stage; the run's, or the space's, if None.
        rules: the rules that the genome chooses from; the run's, or the space's, if None.
        dataset: its name; the run's if None.
        data_dir: folder of the images; the run's if None.
        image_size: height and width to resize images to, in pixels; the run's, or unchanged, if
            None.
        image_storage: ``memory``, ``disk``, or ``auto``: as in the run, else by an estimate.
            Results are the same.
        split_seed: seed that picks the validation images.
        seeds: number of trainings, from seed 0.
        device: cpu, cuda or cuda:<number>.
        precision: fp32, tf32 or bf16; what suits the device if None.
        processes: number of processes that share each batch; on GPUs, one GPU each. Their number
            changes the result, see ``docs/training.md``.
        out: the folder of the training; a subfolder of the run, or
            ``runs/final-<space>-<key>``, or ``runs/final-<network>-<rule>``, if None.
        progress: whether to show a progress bar.

    Raises:
        InputError: the arguments do not fit together, or the folder holds another training.
        DataError: the images are missing, damaged or not those of the run.
        TrainingDiverged: the loss became infinite or NaN.
        StorageError: a file of the training is damaged.
        ClusterError: one of the processes was lost.

    Examples:
        >>> key = study.front.index[0]
        >>> report = evonas.train(study.folder, key, recipe="short", epochs=3, progress=False)
        >>> len(report.curve)
        3
    """
    seeds = whole_number("seeds", seeds)
    chosen = recipe_with(
        recipe, network=network, epochs=epochs, batch=batch, learning_rate=learning_rate
    )
    precision = precision or default_precision(device)
    job, folder, where = make_job(
        run, key, space=space, genome=genome, network=network, rule=rule,
        recipe=chosen, channels=channels, cells=cells,
        rules=rules, dataset=dataset, data_dir=data_dir, image_size=image_size,
        image_storage=image_storage, split_seed=split_seed, precision=precision, device=device,
        processes=processes,
    )  # fmt: skip
    with count_display(is_quiet=not progress, title=BAR_TITLE, unit="steps") as show:
        return train_and_write(
            job, Path(out) if out is not None else folder, data_dir=where, seeds=seeds,
            device=device, on_progress=show, tell=lambda text: warnings.warn(text, stacklevel=2),
        )  # fmt: skip


def train_and_write(
    job: FinalJob,
    folder: Path,
    *,
    data_dir: Path,
    seeds: int,
    device: str,
    on_progress: Callable[[int, int], None],
    tell: Callable[[str], None],
    on_epoch: Ended = lambda *_: None,
) -> FinalReport:
    """Train all seeds of a job in a folder, and write its tables and its picture.

    Args:
        job: what is trained.
        folder: folder of the training; created if missing.
        data_dir: folder of the images.
        seeds: number of seeds.
        device: device to train on.
        on_progress: called with the number of finished steps and their total, over all seeds.
        tell: called with messages for the user.
        on_epoch: called after every epoch, with the seed.

    Raises:
        EvonasError: see :func:`train`.
    """
    if seeds < 1:
        raise ConfigError(f"seeds: expected at least 1, got {seeds}")
    with _locked(folder):
        job.check(folder)
        return _train(job, folder, data_dir, seeds, device, on_progress, tell, on_epoch)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Create the folder of a training, for this process; if it fails at once, it is gone."""
    lock = FileLock(folder / LOCK_FILE)
    missing: list[Path] = []
    try:
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0.5, poll_interval=0.05)
    except Timeout as problem:
        raise RunFolderError(f"{folder}: another process is working on this training") from problem
    except OSError as problem:
        raise RunFolderError(f"{folder}: cannot be created: {problem.strerror}") from problem
    try:
        yield
    except Exception:
        if {path.name for path in folder.iterdir()} == {LOCK_FILE}:
            with suppress(OSError):  # another process waits here, or Windows keeps open files
                (folder / LOCK_FILE).unlink()
                for path in missing:
                    path.rmdir()
        raise
    finally:
        lock.release()


def _train(
    job: FinalJob,
    folder: Path,
    data_dir: Path,
    seeds: int,
    device: str,
    on_progress: Callable[[int, int], None],
    tell: Callable[[str], None],
    on_epoch: Ended,
) -> FinalReport:
    data = load_job_data(job, data_dir=data_dir, device=device)
    results = []

    @lru_cache(maxsize=1)
    def read_test() -> Images | None:
        try:
            return load_test(job.dataset, data_dir=data_dir, fitting=job.fitting)
        except DataError as problem:
            tell(f"no test accuracy: {problem}")
            return None

    with _kept_once_trained(job, folder):
        job.write(
            folder, versions=installed_packages(), data_dir=str(data_dir), images=data.sha256
        )
        with companions(job, data_dir=data_dir, device=device) as others:
            for seed in range(seeds):

                def step(training: FinalTraining, seed: int = seed) -> None:
                    done = seed * training.num_steps + training.num_steps_done
                    on_progress(done, seeds * training.num_steps)

                result = run_seed(
                    seed_folder(folder, seed), job, data, seed=seed, others=others,
                    read_test=read_test, on_step=step, on_epoch=on_epoch, tell=tell,
                )  # fmt: skip
                results.append(result)
    _write_files(folder, job)
    return FinalReport(folder, tuple(results))


def _write_files(folder: Path, job: FinalJob) -> None:
    """Write the table and the picture of all finished seeds, those of earlier calls too."""
    from evonas.report.curves import draw_curves

    found = (read_result(path) for path in folder.glob("seed-*"))
    results = sorted((each for each in found if each is not None), key=lambda each: each.seed)
    table = FinalReport(folder, tuple(results)).table
    write_whole(folder / "seeds.csv", table.to_csv(lineterminator="\n").encode())
    draw_curves(
        {each.seed: each.epochs for each in results}, path=folder / "curve.png",
        title=f"{job.architecture.text[:60]} on {job.dataset}",
    )  # fmt: skip


@contextmanager
def _kept_once_trained(job: FinalJob, folder: Path) -> Iterator[None]:
    """Remove the job again if it is refused, or fails, before anything was trained.

    Otherwise the folder would refuse the corrected command as another training.
    """
    is_new = not job.is_written(folder)
    try:
        yield
    except Exception:
        if is_new and not any(folder.glob("seed-*")):
            job.remove(folder)
        raise
