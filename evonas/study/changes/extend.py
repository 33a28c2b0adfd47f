"""A run that goes on for longer than it was begun for."""

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
    """Give the run in ``folder`` another size; resumed, it ends as if it had been begun with it.

    The search is asked again from its beginning, as what it asks for may depend on how much is to
    come. Every training that it asks for and that has a result is not repeated. With several
    workers in steady state, the order in which workers end decides, as always.

    Args:
        folder: folder of the run.
        population: trainings in a generation; None for as many as before.
        generations: at most; None for what ``evaluations`` takes, or as many as before.
        evaluations: trainings at most; None for all of the generations.

    Returns:
        Whether the size is another.

    Raises:
        ConfigError: the run has more trainings than that already, or a number is no size.
        RunFolderError: there is no run, or another process is working on it.
        StorageError: the journal is damaged.
    """
    with opened_run(folder) as (settings, journal):
        search = settings.search
        size = {"population": population or search.population}
        if generations is None and evaluations is None:
            generations = search.generations
        if generations is None:
            generations = -(-(evaluations or 0) // size["population"])
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
