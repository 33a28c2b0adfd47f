"""Collect prior results from the folders of earlier runs."""

from collections.abc import Sequence
from pathlib import Path

from evonas.errors import ConfigError
from evonas.search.engines import SEARCHES
from evonas.settings import Settings
from evonas.space import Space, load
from evonas.study.prior.prior_file import EarlierRun, parsed, prior_hash, prior_text
from evonas.study.results.reading import read_run
from evonas.study.shape import shaped_space


def with_prior(
    settings: Settings, space: str, runs: Sequence[str | Path]
) -> tuple[Settings, str | None]:
    """Settings with the hash of the prior results, and the text of these; None if there are none.

    Args:
        settings: resolved settings of a new run.
        space: name or path of its search space.
        runs: folders of earlier runs.

    Raises:
        ConfigError: as for :func:`collect_prior`; or the engine does not support a prior; or the
            settings hold the hash of other results.
    """
    wanted = settings.search.prior_sha256
    if not runs and wanted is None:
        return settings, None
    if not runs:
        raise ConfigError(
            "prior_sha256: a run with this configuration starts from the results of earlier "
            "runs; name them with --prior, or remove the setting"
        )
    if settings.search.algorithm not in SEARCHES:
        raise ConfigError(
            f"prior: {settings.search.algorithm} cannot use earlier results; drop --prior, or "
            f"choose one of {', '.join(SEARCHES)}"
        )
    shaped = shaped_space(load(space), settings)
    text = prior_text(collect_prior(settings, shaped, [Path(run) for run in runs]))
    found = prior_hash(text)
    if wanted not in (None, found):
        raise ConfigError(
            f"prior_sha256: expected results with the hash {wanted}, got {found}; name the "
            f"original's prior runs with --prior, in the same order, or remove the setting"
        )
    return settings.with_values({"prior_sha256": found}), text


def collect_prior(
    settings: Settings, space: Space, runs: Sequence[Path]
) -> tuple[EarlierRun, ...]:
    """The results of earlier runs that are usable by a new run.

    Data, budget, size and seed may differ: the only assumption is that genomes that were better
    there are probably better here. Candidates that failed, or lack an objective, are left out.

    Args:
        settings: settings of the new run.
        space: space of the new run, at the size of its candidates and with its rules.
        runs: folders of the earlier runs.

    Raises:
        ConfigError: a run has no objective of the new run, or no candidate in the space of the new
            run.
        RunFolderError: a folder holds no run.
        StorageError: a run is damaged.
    """
    return tuple(_earlier(settings, space, folder) for folder in runs)


def _earlier(settings: Settings, space: Space, folder: Path) -> EarlierRun:
    run = read_run(folder)
    wanted, measured = settings.problem.objectives, run.settings.problem.objectives
    shared = tuple(name for name in wanted if name in measured)
    if not shared:
        raise ConfigError(
            f"prior: {folder} measured {', '.join(measured)}, none of which is an objective of "
            f"this run ({', '.join(wanted)}); leave it out"
        )
    results = tuple(
        (candidate.genome, tuple(candidate.values[name] for name in shared))
        for candidate in run.candidates
        if candidate.failure is None
        # constraints and gates leave expensive objectives unmeasured
        and all(name in candidate.values for name in shared)
        and parsed(candidate.genome, space) is not None
    )
    if not results:
        raise ConfigError(
            f"prior: {folder} has no result for a genome of space {space.name} with the rules "
            f"{', '.join(space.rule_choices)}; leave it out"
        )
    return EarlierRun(folder.resolve().name, shared, results)
