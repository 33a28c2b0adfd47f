"""A plan's jobs as journal entries and as orders for workers."""

from collections.abc import Sequence
from pathlib import Path

from evonas.evaluation.protocol import Protocol, Stage
from evonas.evaluation.record import Evaluation
from evonas.space import Space
from evonas.study.checkpoints import read_checkpoint
from evonas.study.executors.order import Order
from evonas.study.journal.journal import Journal
from evonas.study.plans.job import Job


def record_jobs(journal: Journal, jobs: Sequence[Job], space: Space) -> None:
    """Append that these jobs are ordered; all come from one ask, one promotion or one retry."""
    if not jobs:
        return
    first = jobs[0]
    if first.attempt:
        journal.record_retries([(*job.id, job.epochs, job.attempt) for job in jobs])
    elif first.is_promoted:
        journal.record_promotions([job.key for job in jobs], epochs=first.epochs)
    else:
        new = [job for job in jobs if job.replicate == 0]
        journal.record_asks(
            [(job.key, space.format(job.genome)) for job in new],
            generation=first.generation,
            repeated=[job.id for job in jobs if job.replicate],
            refused=[job.refused for job in new if job.refused is not None],
        )


def order_of(
    job: Job, known: Evaluation | None, *, folder: Path, space: Space, protocol: Protocol
) -> Order:
    """The order for a worker.

    Args:
        job: the job.
        known: the result of the rung below; None for a new training.
        folder: folder of the run, with the checkpoints.
        space: space of the genome.
        protocol: protocol of the study.
    """
    checkpoint, batch = b"", None
    if known is not None:
        checkpoint, batch = read_checkpoint(folder, job.key, known.epochs), known.batch
    stage = Stage(job.epochs, checkpoint, job.rivals, job.replicate, batch=batch)
    return Order(space, job.genome, protocol, stage)
