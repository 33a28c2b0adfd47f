"""The forecast of a run's needs: some candidates are timed for a few steps, none is trained."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib

from evonas.errors import ConfigError
from evonas.evaluation.attacks.robustness import robust_subset
from evonas.evaluation.data.loading import load_run_data
from evonas.evaluation.evaluate import attack_seed
from evonas.evaluation.forecasting.candidate_forecast import (
    CandidateForecast,
    forecast_candidate,
)
from evonas.evaluation.forecasting.genome_sample import draw_genomes
from evonas.evaluation.protocol import Protocol
from evonas.evaluation.variants.genome_variant import GenomeVariant
from evonas.settings import Settings
from evonas.space import load
from evonas.study.resolve import resolve, worker_count
from evonas.study.shape import shaped_space

DEFAULT_SAMPLE = 5


@dataclass(frozen=True)
class RunForecast:
    """The needs of a run on a CPU.

    Attributes:
        candidates: the candidates examined.
        evaluations: maximum number of trainings of the run.
        workers: number of candidates trained in parallel.
        cores: cores of this machine.
        epochs_share: mean share of the full epochs that a candidate is trained for; 1 without
            rungs.
    """

    candidates: tuple[CandidateForecast, ...]
    evaluations: int
    workers: int
    cores: int
    epochs_share: float

    @property
    def at_once(self) -> int:
        """Number of candidates that each have a core of their own."""
        return min(self.workers, self.cores)

    @property
    def seconds_a_candidate(self) -> float:
        """Mean time per candidate on one core, over the candidates examined."""
        return sum(
            each.training_seconds * self.epochs_share + each.objective_seconds
            for each in self.candidates
        ) / len(self.candidates)

    @property
    def seconds(self) -> float:
        """Time of the whole run, if nothing fails or is skipped and the cores are free."""
        return self.evaluations * self.seconds_a_candidate / self.at_once

    @property
    def peak_bytes(self) -> int:
        """Peak memory if every worker trains the largest network examined."""
        return self.workers * max(each.peak_bytes for each in self.candidates)


def forecast_run(
    given: Settings,
    *,
    genome: str | None = None,
    sample: int = DEFAULT_SAMPLE,
    clock: Callable[[], float] = time.thread_time,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> RunForecast:
    """Estimate what a run with these settings needs; its data are read, nothing is written.

    Args:
        given: settings, as for a run.
        genome: the candidate to examine; None to draw some with the run's seed.
        sample: number of candidates to draw.
        clock: time in seconds; by default processor time, which excludes other processes.
        on_progress: called with the number of candidates examined so far and their total.

    Raises:
        ConfigError: the run is on a GPU, or the sample is empty.
        InputError: a setting or the genome is wrong, or the data are missing.
    """
    if sample < 1:
        raise ConfigError(f"sample: expected at least 1 candidate, got {sample}")
    settings = resolve(given)
    if settings.machine.device != "cpu":
        raise ConfigError(
            f"device: forecasts run on the CPU only, got {settings.machine.device}; "
            "add --device cpu"
        )
    protocol, training = Protocol.of(settings), settings.training
    space = shaped_space(load(str(given.problem.space)), settings)
    genomes = (
        draw_genomes(space, count=sample, seed=settings.search.seed)
        if genome is None
        else [space.canonical(space.parse(genome))]
    )
    data = load_run_data(training)
    seed = attack_seed(protocol)
    attacked = robust_subset(
        data.validation, num_images=protocol.attack.attacked_images, seed=seed
    )
    candidates = []
    for number, each in enumerate(genomes):
        on_progress(number, len(genomes))
        candidates.append(
            forecast_candidate(
                GenomeVariant("", space, each), protocol=protocol, data=data, attacked=attacked,
                attack_seed=seed, clock=clock,
            )
        )  # fmt: skip
    on_progress(len(genomes), len(genomes))
    return RunForecast(
        candidates=tuple(candidates),
        evaluations=settings.search.evaluations,
        workers=worker_count(settings),
        cores=joblib.cpu_count(),
        epochs_share=mean_epochs(training.rungs, eta=training.eta) / training.epochs,
    )


def mean_epochs(rungs: Sequence[int], *, eta: int) -> float:
    """Mean epochs per candidate when one in ``eta`` is promoted from each rung.

    Args:
        rungs: epochs after which candidates are compared; the last is full training.
        eta: reduction factor: one in so many candidates is promoted.
    """
    before, mean = 0, 0.0
    for place, epochs in enumerate(rungs):
        mean += (epochs - before) / eta**place
        before = epochs
    return mean
