"""A new search: from the user's arguments to a study."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evonas.api.checks.reading_bar import reading_bar
from evonas.api.study import Study
from evonas.errors import RunFolderError
from evonas.evaluation.data.place import COUNTED
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.settings import Settings, Unset
from evonas.settings.reading import read_settings
from evonas.space import source_text
from evonas.study.changes.warm_start import check_protocol, outdated_results, reuse_results
from evonas.study.create import create_run, next_free_folder
from evonas.study.prior.collecting import with_prior
from evonas.study.resolve import resolve

RUNS_FOLDER = Path("runs")


def search(
    space: str | Path | None = None,
    *,
    settings: Settings | None = None,
    out: str | Path | None = None,
    warm_start: Sequence[str | Path] = (),
    prior: Sequence[str | Path] = (),
    progress: bool = True,
    **given: Any,
) -> Study:
    """Search a space for the best trade-offs, and write the results to a run folder.

    Args:
        space: name of a shipped space, or path of a YAML file; may be given in ``settings``
            instead.
        settings: a tree of settings; the rest has defaults.
        out: the run's folder, new or empty; ``runs/<space>-<data set>-<number>`` if None.
        warm_start: runs with the same protocol and seed, whose results are reused.
        prior: runs whose best genomes the search starts from; their data, size and budget may
            differ.
        progress: whether to show a progress bar.
        **given: any setting by its name, such as ``objectives=["acc", "robust"]`` or ``epochs=3``;
            these override ``settings``. The names are those of ``evonas run --help``, with
            underscores.

    Returns:
        The finished study.

    Raises:
        InputError: a setting is unknown or wrong, the data are missing, or the folder is in use.
            Nothing is written.
        StorageError: the run's files were damaged during the run.
        KeyboardInterrupt: the user interrupted; the run can be resumed.

    Examples:
        >>> study = evonas.search("tiny", objectives=["acc", "params"], **quick)
        >>> study.front.index.name
        'key'
    """
    wanted = read_settings(given, on_top_of=settings)
    with reading_bar(is_quiet=not progress or wanted.training.dataset not in COUNTED):
        study = new_study(
            space, settings=settings, out=out, warm_start=warm_start, prior=prior, **given
        )
    machine = wanted.machine
    workers = None if isinstance(machine.workers, Unset) else machine.workers
    return study.resume(workers=workers, timeout=machine.timeout, progress=progress)


def new_study(
    space: str | Path | None = None,
    *,
    settings: Settings | None = None,
    out: str | Path | None = None,
    warm_start: Sequence[str | Path] = (),
    prior: Sequence[str | Path] = (),
    **given: Any,
) -> Study:
    """Create a study and its folder without evaluating anything; :meth:`Study.resume` runs it.

    Args:
        space: as for :func:`search`, like the other arguments.
        settings: a tree of settings.
        out: the run's folder.
        warm_start: as for :func:`search`.
        prior: as for :func:`search`.
        **given: any setting by its name.

    Raises:
        InputError: as for :func:`search`.

    Examples:
        >>> study = evonas.new_study("tiny", objectives=["acc", "params"], **quick)
        >>> len(study.candidates), study.settings.training.epochs
        (0, 1)
    """
    named = given if space is None else {"space": space, **given}
    wanted = read_settings(named, on_top_of=settings)
    with ordinary_torch():
        resolved, text = resolve(wanted), source_text(wanted.problem.space)
    resolved, prior_json = with_prior(resolved, str(wanted.problem.space), prior)
    earlier = [Path(each) for each in warm_start]
    check_protocol(resolved, text, earlier)
    for difference in outdated_results(resolved, earlier):
        warnings.warn(difference, stacklevel=2)
    while True:
        folder = next_free_folder(RUNS_FOLDER, resolved) if out is None else Path(out)
        try:
            create_run(folder, resolved, space_text=text, prior_json=prior_json)
        except RunFolderError:
            if out is not None or not folder.exists():
                raise
            # another run has just taken this number: try the next
        else:
            if earlier:
                reuse_results(folder, earlier)
            return Study(folder)
