"""Any engine with replicates: a share of the trainings goes to candidates for the front.

After the rolling tide evolutionary algorithm (Fieldsend and Everson 2015): new genomes and
re-evaluations alternate throughout, so that the search can be stopped at any time.
"""

from collections.abc import Sequence
from typing import final

import numpy as np

from evonas.search.ask_and_tell import AskAndTell
from evonas.search.model_guided.genome_features import Features
from evonas.search.ranking import by_rank_and_crowding
from evonas.search.replicates.allocation import allocate
from evonas.search.replicates.belief import Belief, Posterior
from evonas.search.replicates.estimate import Estimate, returned_front
from evonas.search.replicates.front_probability import front_probability
from evonas.search.replicates.replicated_search import AbstractReplicatedSearch
from evonas.search.replicates.sample import Sample, samples_of
from evonas.search.replicates.trial import TrialResult
from evonas.seeds import derive_seed
from evonas.space import Genome

SHARE = 0.3
"""Share of all trainings spent on replicates, as long as anything is in doubt."""

ENOUGH = 2
"""Number of trainings from which a genome is returned; the best seen once is mostly lucky."""

RESULTS_PER_STALE_RESULT = 25
"""The posterior is recomputed once new results exceed one per this many genomes known."""


@final
class RacingSearch(AbstractReplicatedSearch):
    """The engine proposes new genomes and is told posterior means, which are revised later.

    Args:
        engine: new engine.
        seed: seed of the draws that estimate probabilities.
    """

    def __init__(self, engine: AskAndTell, *, seed: int) -> None:
        super().__init__(engine.problem, num_objectives=engine.num_objectives)
        self._engine = engine
        self._features = Features(engine.problem)
        self._belief = Belief(self._features, num_objectives=engine.num_objectives)
        self._generator = np.random.default_rng(derive_seed(seed, "replicates"))
        self._results: list[TrialResult] = []
        self._num_stale = 0
        self._known: set[Genome] = set()
        self._probabilities: dict[Genome, float] = {}
        self._unsettled: set[Genome] = set()
        self._owed = 0.0

    def estimates(self, results: Sequence[TrialResult]) -> list[Estimate]:
        """Return posterior means and their standard deviations.

        See :meth:`AbstractReplicatedSearch.estimates`.
        """
        return posterior_estimates(results, self._features, num_objectives=self.num_objectives)

    def _learn(self, results: Sequence[TrialResult]) -> None:
        self._results = sorted([*self._results, *results], key=lambda result: result.position)
        self._num_stale += len(results)
        samples = samples_of(self._results)
        fresh = [s for s in samples if s.genome not in self._known]
        self._known.update(sample.genome for sample in fresh)
        if self._num_stale <= len(samples) // RESULTS_PER_STALE_RESULT:
            self._tell(fresh, {})
            return
        self._num_stale = 0
        posterior = self._belief.posterior(samples)
        means = {
            sample.genome: tuple(mean.tolist())
            for sample, mean in zip(posterior.samples, posterior.means, strict=True)
        }
        self._tell(fresh, means)
        told = {sample.genome for sample in fresh}
        self._revise([sample for sample in samples if sample.genome not in told], means)
        self._note(posterior)

    def _tell(self, samples: Sequence[Sample], means: dict[Genome, tuple[float, ...]]) -> None:
        self._engine.tell(
            [sample.genome for sample in samples],
            [means.get(sample.genome, sample.mean) for sample in samples],
            violations=[sample.violation for sample in samples],
        )

    def _revise(self, samples: Sequence[Sample], means: dict[Genome, tuple[float, ...]]) -> None:
        self._engine.revise(
            [sample.genome for sample in samples],
            [means.get(sample.genome, sample.mean) for sample in samples],
            violations=[sample.violation for sample in samples],
        )

    def _note(self, posterior: Posterior) -> None:
        """Update which genomes may be on the front, and which of these have too few trainings."""
        genomes = [sample.genome for sample in posterior.samples]
        if posterior.noise.freedom == 0:
            # the noise is unknown: train the best genomes again
            order = by_rank_and_crowding([tuple(mean) for mean in posterior.means.tolist()])
            best = order[: max(1, len(order) // 4)]
            self._probabilities = {genomes[place]: 0.5 for place in best}
            self._unsettled = set()
            return
        found = front_probability(posterior.means, posterior.variances, generator=self._generator)
        self._probabilities = dict(zip(genomes, found.tolist(), strict=True))
        front = returned_front(estimates_of(posterior.samples, posterior), settled=False)
        is_noisy = bool((posterior.noise.pooled > 0.0).any())
        self._unsettled = {estimate.genome for estimate in front} if is_noisy else set()

    def _propose(self, count: int, remaining: int) -> list[Genome]:
        # later there is no budget left to train a new genome again, and it could not be returned
        in_time = max(0, remaining - count)
        again = self._again(count) if in_time else self._doubtful(count)
        new = self._engine.ask(count - len(again)) if len(again) < count else []
        rest = count - len(again) - len(new)  # positive if the space is exhausted
        return [*new, *again, *(self._doubtful(rest) if rest else [])]

    def _again(self, count: int) -> list[Genome]:
        if not self._probabilities:
            return []
        self._owed += SHARE * count
        chosen = self._doubtful(int(self._owed))
        self._owed -= int(self._owed)
        return chosen

    def _doubtful(self, count: int) -> list[Genome]:
        """Choose front members with too few trainings first, then genomes in doubt."""
        genomes = list(self._probabilities)
        trainings = np.array([self._replicates[genome] for genome in genomes], dtype=int)
        needy = [
            place
            for place, genome in enumerate(genomes)
            if genome in self._unsettled and trainings[place] < ENOUGH
        ]
        needy.sort(key=lambda place: (trainings[place], -self._probabilities[genomes[place]]))
        chosen = needy[:count]
        trainings[chosen] += 1
        chosen += allocate(
            np.array(list(self._probabilities.values())), trainings, count=count - len(chosen)
        )
        return [genomes[place] for place in chosen]


def posterior_estimates(
    results: Sequence[TrialResult], features: Features, *, num_objectives: int
) -> list[Estimate]:
    """Return posterior estimates of the genomes, in the order of first appearance.

    Args:
        results: results in the order of asking.
        features: features of the space.
        num_objectives: number of objectives.
    """
    samples = samples_of(results)
    belief = Belief(features, num_objectives=num_objectives)
    return estimates_of(samples, belief.posterior(samples))


def estimates_of(samples: Sequence[Sample], posterior: Posterior) -> list[Estimate]:
    """Return one estimate per sample; genomes within the constraints get their posterior."""
    is_known = posterior.noise.freedom > 0
    is_noisy = not is_known or bool((posterior.noise.pooled > 0.0).any())
    known = {
        sample.genome: (tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))
        for sample, mean, variance in zip(
            posterior.samples, posterior.means, posterior.variances, strict=True
        )
    }
    found = []
    for sample in samples:
        mean, error = known.get(sample.genome, (None, None))
        found.append(
            Estimate(
                genome=sample.genome,
                mean=mean,
                standard_error=error if is_known else None,
                replicates=sample.replicates,
                collapsed=sample.collapsed,
                violation=sample.violation,
                is_settled=len(sample.vectors) >= ENOUGH or not is_noisy,
            )
        )
    return found
