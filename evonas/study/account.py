"""The running account of a study: progress, hypervolumes, tables, standings, models."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import final

from evonas.evaluation.record import Evaluation
from evonas.settings import Settings
from evonas.study.models import Models
from evonas.study.plans.base import AbstractPlan
from evonas.study.results.beliefs import Beliefs, is_ahead
from evonas.study.results.candidate import Candidate, front
from evonas.study.results.progress import Progress, archive_hypervolume, progress_of

GROWTH = 1.15
"""Growth after which a study's tables are rewritten, so that large ones are rewritten rarely."""


@final
class Account:
    """Follows a study at constant cost per result, and occasionally writes all of its files.

    Args:
        folder: folder of the run.
        settings: settings of the run.
        beliefs: beliefs of its candidates.
        models: models of the run.
        kept: keys of candidates whose models are always kept while the study runs.
        on_progress: called with every report.
        on_generation: called with all candidates whenever they are written.

    Attributes:
        hypervolumes: at the end of each generation.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        beliefs: Beliefs,
        models: Models,
        *,
        kept: Collection[str],
        on_progress: Callable[[Progress], None],
        on_generation: Callable[[Sequence[Candidate]], None],
    ) -> None:
        self.hypervolumes: list[float | None] = []
        self._folder = folder
        self._settings = settings
        self._objectives = settings.problem.objectives
        self._beliefs = beliefs
        self._models = models
        self._kept = set(kept)
        self._on_progress = on_progress
        self._on_generation = on_generation
        self._num_noted = 0  # results, including superseded ones of the same training
        self._num_written = 0

    def trainings(self, key: str) -> list[Evaluation]:
        """The finished trainings of one candidate, by replicate."""
        return self._beliefs.tally.of(key)

    def note(self, evaluation: Evaluation) -> None:
        """Take a result."""
        self._num_noted += 1
        self._beliefs.note(evaluation)

    def end_generations(self, plan: AbstractPlan) -> bool:
        """Record the generations that ended; returns whether there were any.

        Args:
            plan: plan of the study.
        """
        missing = plan.num_generations - len(self.hypervolumes)
        if missing:
            found = self._beliefs.end_generation(lambda: plan.evaluations)
            volume = self._hypervolume(front(found, self._objectives), plan)
            self.hypervolumes += [volume] * missing
        return missing > 0

    def write(self, plan: AbstractPlan, *, is_last: bool = False) -> None:
        """Write the files derived from the journal, if enough was added since the last time.

        Args:
            plan: plan of the study.
            is_last: whether the search has ended; then they are always written.
        """
        if is_last and 0 < self._num_noted == self._num_written:
            return
        if not is_last and self._num_noted < self._num_written * GROWTH:
            return
        self._num_written = self._num_noted
        candidates = self._beliefs.update(plan.evaluations)
        self._beliefs.write(self._folder)
        hopeful = {candidate.key for candidate in candidates if is_ahead(candidate)}
        self._models.keep_only(hopeful | self._kept)
        self._on_generation(candidates)

    def report(self, plan: AbstractPlan) -> None:
        """Report progress.

        Args:
            plan: plan of the study.
        """
        returned = front(self._beliefs.contenders(), self._objectives)
        self._on_progress(
            progress_of(
                self._beliefs.tally,
                returned,
                settings=self._settings,
                epochs_total=plan.total_epochs,
                generation=plan.generation,
                volume=self._hypervolume(returned, plan) if plan.num_generations else None,
            )
        )

    def _hypervolume(self, returned: Sequence[Candidate], plan: AbstractPlan) -> float | None:
        return archive_hypervolume(
            returned, self._objectives, reference_generation=plan.first_generation
        )
