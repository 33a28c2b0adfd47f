"""Extend a run beyond its original size."""

from pathlib import Path

from evonas.errors import ConfigError
from evonas.settings.checks import check_settings
from evonas.study.folder import opened_run


def extend(
    folder: Path,
    *,
    population: int | None = None,
    generations: int | None = None,
    evaluations: int | None = None,
) -> bool:
    """Change the size of a run; when resumed, it ends as if it had been started with that size.

    The search is replayed from the start, because its requests may depend on the remaining budget.
    Trainings that have a result are not repeated. In steady state with several workers, the
    outcome depends on the order in which they finish, as always.

    Args:
        folder: folder of the run.
        population: trainings per generation; None if unchanged.
        generations: maximum number; None for what ``evaluations`` takes, or unchanged.
        evaluations: maximum number of trainings; None for all generations.

    Returns:
        Whether the size changed.

    Raises:
        ConfigError: the run already has more trainings, or a number is invalid.
        RunFolderError: there is no run, or another process is working on it.
        StorageError: the journal is damaged.
    """
    with opened_run(folder) as (settings, journal):
        search = settings.search
        size = {"population": search.population if population is None else population}
        if generations is None and evaluations is None:
            generations = search.generations
        if generations is None:
            # a population below one is refused below
            generations = -(-(evaluations or 0) // max(1, size["population"]))
        size["generations"] = generations
        size["evaluations"] = (
            generations * size["population"] if evaluations is None else evaluations
        )
        check_settings(settings.with_values(size))
        done = sum(evaluation.epochs > 0 for evaluation in journal.evaluations())
        if size["evaluations"] < done:
            raise ConfigError(
                f"evaluations: expected at least the {done} trainings that the run already has, "
                f"got "
                f"{size['evaluations']}"
            )
        changes = {name: value for name, value in size.items() if settings.value(name) != value}
        if not changes:
            return False
        journal.record_extension(changes)
        return True
