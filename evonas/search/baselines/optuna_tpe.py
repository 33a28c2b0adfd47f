"""Tree-structured Parzen estimators by Optuna, an optional package (Akiba et al. 2019)."""

import importlib
import math
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.problem import SearchProblem
from evonas.search.ranking import by_rank_and_crowding
from evonas.seeds import derive_seed
from evonas.space import Genome

MAX_REPEATS = 10  # consecutive known genomes before random ones are tried

MAX_REMEMBERED = 10_000
"""Maximum number of genes in stored results: the estimators read all of them for each sample."""


@final
class OptunaTpe(AbstractSearch):
    """Models the densities of good and bad genomes, and samples where their ratio is high.

    With several objectives, uses the multi-objective estimator of Ozaki et al. 2022. It proposes
    many genomes repeatedly; those are drawn again. The model ignores failed candidates; infeasible
    ones rank by their violation.
    Once results hold more than :data:`MAX_REMEMBERED` genes (100 results of 100 genes, thousands
    in a small space), it keeps the better half of them and the more recent half of the others.
    """

    name: ClassVar[str] = "optuna"
    title: ClassVar[str] = "model good and bad genes (TPE); needs the package optuna"
    source: ClassVar[str] = "Akiba et al. 2019; Ozaki et al. 2022"
    is_sequential: ClassVar[bool] = True
    package: ClassVar[str | None] = "optuna"

    def __init__(
        self, problem: SearchProblem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._optuna = importlib.import_module("optuna")  # optional: imported only when used
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            sampler = self._optuna.samplers.TPESampler(
                seed=derive_seed(seed, "optuna") % 2**32,
                n_startup_trials=population,
                multivariate=True,  # otherwise the trials are ranked again for every gene
                constant_liar=False,  # no trial is left open
            )
        self._sampler = sampler
        self._study = self._new_study()
        numbers = [len(gene.choices) for gene in problem.genes]
        categorical = self._optuna.distributions.CategoricalDistribution
        # one shared object for all equal genes, because every added trial copies it
        of_number = {number: categorical(range(number)) for number in numbers}
        self._distributions = {
            str(position): of_number[number]
            for position, number in enumerate(numbers)
            if number > 1
        }
        self._limit = max(2 * population, MAX_REMEMBERED // max(1, len(self._distributions)))
        self._sampled: dict[str, dict[str, int]] = {}
        self._trials: list[tuple[float, Any]] = []
        self._num_told = 0

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._num_told += len(outcomes)
        for outcome in outcomes:
            key = self.problem.key(outcome.genome)
            sampled = self._sampled.pop(key, None)
            if math.isfinite(outcome.violation):
                self._add(sampled or self._parameters(outcome.genome), outcome)
        if len(self._trials) > self._limit:
            self._forget()

    def _add(self, parameters: dict[str, int], outcome: Outcome) -> None:
        trial = self._optuna.trial.create_trial(
            params=parameters,
            distributions=self._distributions,
            # Optuna ignores the values of infeasible trials
            values=list(outcome.vector or (0.0,) * self.num_objectives),
            constraints={"violation": outcome.violation},
        )
        self._trials.append((outcome.violation, trial))
        self._study.add_trial(trial)

    def _forget(self) -> None:
        """Start a new study with three quarters of the results."""
        inside = [place for place, (violation, _) in enumerate(self._trials) if violation == 0.0]
        best = by_rank_and_crowding([tuple(self._trials[place][1].values) for place in inside])
        order = [inside[place] for place in best]
        outside = [place for place, (violation, _) in enumerate(self._trials) if violation > 0.0]
        order += sorted(outside, key=lambda place: self._trials[place][0])
        half = len(order) // 2
        kept = {*order[:half], *sorted(order[half:])[half // 2 :]}
        self._trials = [trial for place, trial in enumerate(self._trials) if place in kept]
        self._study = self._new_study()
        self._study.add_trials([trial for _, trial in self._trials])

    def _new_study(self) -> Any:
        return self._optuna.create_study(
            sampler=self._sampler, directions=["minimize"] * self.num_objectives
        )

    def _propose(self, count: int) -> list[Genome]:
        found: dict[str, Genome] = {}
        repeats = 0
        while len(found) < count and repeats < MAX_REPEATS:
            parameters = self._sample() if self._num_told >= self.population else {}
            if not parameters:
                break
            genome = self._genome(parameters)
            key = self.problem.key(genome)
            if self._is_new(key) and key not in found:
                found[key] = genome
                self._sampled[key] = parameters
                repeats = 0
            else:
                repeats += 1
        return list(found.values())

    def _sample(self) -> dict[str, int]:
        """Sample from the estimators; empty until there are enough successes.

        The trial is closed at once and its result is added later as a separate trial: an open
        trial copies all its parameters for each one suggested, which would dominate the run time.
        """
        trial = self._study.ask()
        parameters = {str(name): int(value) for name, value in trial.relative_params.items()}
        self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return parameters

    def _parameters(self, genome: Genome) -> dict[str, int]:
        return {name: genome.values[int(name)] for name in self._distributions}

    def _genome(self, parameters: dict[str, int]) -> Genome:
        values = [parameters.get(str(i), 0) for i in range(len(self.problem.genes))]
        return self.problem.canonical(Genome(tuple(values)))
