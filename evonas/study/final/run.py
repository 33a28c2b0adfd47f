"""One seed of a final training: started, resumed, or read if it is finished."""

import csv
import hashlib
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path

from safetensors.torch import save

from evonas.errors import StorageError
from evonas.evaluation.accuracy import accuracy
from evonas.evaluation.data.images import Images
from evonas.evaluation.final.data import FinalData
from evonas.evaluation.final.final_training import EpochRecord, FinalTraining
from evonas.evaluation.final.views import viewed_accuracy
from evonas.evaluation.model_file import read_model, with_description
from evonas.evaluation.training.precision import arithmetic
from evonas.networks import Network, count_parameters
from evonas.rules import bio_share
from evonas.seeds import derive_seed
from evonas.study.final.companions import Companions
from evonas.study.final.job import FinalJob
from evonas.study.final.prepared import prepared_network, prepared_training, threads_for
from evonas.study.final.result import MODEL_FILE, FinalResult, read_result
from evonas.study.weights import write_whole

CHECKPOINT_FILE = "checkpoint.pt"
CURVE_FILE = "curve.csv"
CHECKPOINT_SECONDS = 20.0
"""Minimum seconds between checkpoints: the most that a kill can cost."""

Stepped = Callable[[FinalTraining], None]
Ended = Callable[[int, EpochRecord], None]


def run_seed(
    folder: Path,
    job: FinalJob,
    data: FinalData,
    *,
    seed: int,
    others: Companions,
    read_test: Callable[[], Images | None],
    on_step: Stepped,
    on_epoch: Ended,
    tell: Callable[[str], None],
) -> FinalResult:
    """Train one seed to its end; for a finished seed, only read its result.

    If a finished seed lacks its test accuracy because the test images could not be read then, it
    is tested now.

    Args:
        folder: folder of this seed.
        job: what is trained.
        data: the data, on the training device.
        seed: seed of weights, feedback, order and augmentation.
        others: processes that share each batch.
        read_test: returns the test images, called at the very end; None if there are none, or
            they cannot be read.
        on_step: called after every step.
        on_epoch: called after every epoch, with the seed.
        tell: called with messages for the user, such as a damaged checkpoint.

    Raises:
        EvonasError: the training diverged, or its files cannot be used.
    """
    if (found := read_result(folder)) is not None:
        return found if found.test is not None else _tested(found, folder, job, data, read_test())
    network = prepared_network(job, data, seed=seed)
    training = prepared_training(network, job, data, seed=seed, number=0)
    others.begin(seed, _restore(training, folder / CHECKPOINT_FILE, tell))
    last = time.monotonic()
    num_epochs = len(training.epochs)

    def step() -> None:
        nonlocal last, num_epochs
        on_step(training)
        if num_epochs < len(training.epochs):
            num_epochs = len(training.epochs)
            write_curve(folder / CURVE_FILE, training.epochs)
            on_epoch(seed, training.epochs[-1])
        if time.monotonic() - last >= CHECKPOINT_SECONDS:
            _save(training, folder / CHECKPOINT_FILE)
            last = time.monotonic()

    with threads_for(network, job, data):
        training.run(step)
        return _conclude(folder, job, data, network, training, seed=seed, test=read_test())


def write_curve(path: Path, epochs: Sequence[EpochRecord]) -> None:
    """Write the epochs as CSV, atomically for readers."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(EpochRecord)]
    writer.writerow(names)
    for epoch in epochs:
        values = asdict(epoch)
        writer.writerow(["" if values[name] is None else values[name] for name in names])
    write_whole(path, text.getvalue().encode())


def _conclude(
    folder: Path,
    job: FinalJob,
    data: FinalData,
    network: Network,
    training: FinalTraining,
    *,
    seed: int,
    test: Images | None,
) -> FinalResult:
    write_curve(folder / CURVE_FILE, training.epochs)
    hits, one_view = (None, None) if test is None else _accuracies(network, job, data, test)
    parameters = count_parameters(network)
    share = bio_share(network)
    model = with_description(
        save({name: value.cpu() for name, value in network.state_dict().items()}),
        job.architecture,
        traits=data.traits,
        seed=derive_seed(seed, "final network"),
        training={
            "dataset": job.dataset,
            "split_seed": job.split_seed,
            "validation_share": job.recipe.validation_share,
        },
    )
    write_whole(folder / MODEL_FILE, model)
    best = training.epochs[training.best_epoch - 1]
    result = FinalResult(
        seed=seed,
        test=hits,
        test_images=0 if test is None else len(test),
        validation=best.validation,
        best_epoch=best.epoch,
        parameters=parameters,
        bio=share,
        model_sha256=hashlib.sha256(model).hexdigest(),
        epochs=tuple(training.epochs),
        views=job.recipe.views,
        test_one_view=one_view,
    )
    result.write(folder)  # last: its existence implies that of the others
    (folder / CHECKPOINT_FILE).unlink(missing_ok=True)
    return result


def _accuracies(
    network: Network, job: FinalJob, data: FinalData, test: Images
) -> tuple[float, float | None]:
    """Test accuracy by the recipe's views; and on the plain image, unless that is the same."""
    test, views = test.to(data.train.labels.device), job.recipe.views
    with arithmetic("fp32", device_type=test.labels.device.type):
        hits = viewed_accuracy(network, test, views=views, may_flip=data.traits.flip)
        return hits, None if views == "one" else accuracy(network, test)


def _tested(
    found: FinalResult, folder: Path, job: FinalJob, data: FinalData, test: Images | None
) -> FinalResult:
    """A finished result with its test accuracy, if the test images can be read by now."""
    if test is None:
        return found
    network = prepared_network(job, data, seed=found.seed)
    weights, _ = read_model(folder / MODEL_FILE)
    network.load_state_dict(weights)
    with threads_for(network, job, data):
        hits, one_view = _accuracies(network.eval(), job, data, test)
    result = replace(found, test=hits, test_images=len(test), test_one_view=one_view)
    result.write(folder)
    return result


def _save(training: FinalTraining, path: Path) -> None:
    content = training.checkpoint()
    write_whole(path, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def _restore(training: FinalTraining, path: Path, tell: Callable[[str], None]) -> bytes:
    """Continue from a checkpoint, if there is one; a damaged one costs time, not the result.

    Returns:
        The checkpoint; empty if there is none.
    """
    if not path.exists():
        return b""
    seal, _, content = path.read_bytes().partition(b"\n")
    if seal != hashlib.sha256(content).hexdigest().encode():
        tell(f"{path}: the checkpoint is damaged; this seed is trained from the start")
        return b""
    try:
        training.restore(content)
    except StorageError as problem:
        raise StorageError(
            f"{path}: {problem}; remove it, and this seed is trained from the start"
        ) from problem
    return content
