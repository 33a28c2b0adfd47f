"""Tree-structured Parzen estimators by Optuna, an optional package (Akiba et al. 2019)."""

import importlib
import math
import warnings
from collections.abc import Sequence
from typing import ClassVar, final

from evonas.search.base import AbstractSearch, Outcome
from evonas.search.problem import Problem
from evonas.seeds import derive_seed
from evonas.space import Genome

MAX_REPEATS = 10  # of known genomes in a row, until random ones are tried


@final
class OptunaTpe(AbstractSearch):
    """Models where good genomes and bad genomes lie, and samples where they part.

    With several objectives the multi-objective estimator of Ozaki et al. 2022. It proposes many
    genomes a second time; those are drawn again. The model takes no notice of failed candidates;
    those outside the constraints are to it the worse, the farther outside they are.
    """

    name: ClassVar[str] = "optuna"
    title: ClassVar[str] = "model good and bad genes (TPE); needs the package optuna"
    source: ClassVar[str] = "Akiba et al. 2019; Ozaki et al. 2022"
    is_sequential: ClassVar[bool] = True
    package: ClassVar[str | None] = "optuna"

    def __init__(
        self, problem: Problem, *, population: int, num_objectives: int, seed: int
    ) -> None:
        super().__init__(problem, population=population, num_objectives=num_objectives, seed=seed)
        self._optuna = importlib.import_module("optuna")  # only those who ask for it need it
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", self._optuna.exceptions.ExperimentalWarning)
            sampler = self._optuna.samplers.TPESampler(
                seed=derive_seed(seed, "optuna") % 2**32,
                n_startup_trials=population,
                multivariate=True,  # otherwise the trials are ranked anew for every single gene
            )
        self._study = self._optuna.create_study(
            sampler=sampler, directions=["minimize"] * num_objectives
        )
        categorical = self._optuna.distributions.CategoricalDistribution
        self._distributions = {
            str(position): categorical(range(len(gene.choices)))
            for position, gene in enumerate(problem.genes)
            if len(gene.choices) > 1
        }
        self._sampled: dict[str, dict[str, int]] = {}
        self._num_told = 0

    def _learn(self, outcomes: Sequence[Outcome]) -> None:
        self._num_told += len(outcomes)
        for outcome in outcomes:
            key = self.problem.key(outcome.genome)
            sampled = self._sampled.pop(key, None)
            if math.isfinite(outcome.violation):
                self._study.add_trial(
                    self._optuna.trial.create_trial(
                        params=sampled or self._parameters(outcome.genome),
                        distributions=self._distributions,
                        # values of what is outside the constraints are not looked at
                        values=list(outcome.vector or (0.0,) * self.num_objectives),
                        constraints={"violation": outcome.violation},
                    )
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
        """What the estimators propose; nothing until there are enough successes.

        The trial is closed at once and its result added as one of its own: a trial copies all its
        parameters whenever one of them is suggested, which is most of its time.
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
