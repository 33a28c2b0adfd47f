"""``evonas run`` and ``evonas resume``: the options of a run are made from its settings."""

from inspect import Parameter as Argument
from inspect import Signature
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Group, Parameter

from evonas.api.terminal.console import say, showing, working
from evonas.cli.options import QUIET, RETRY_FAILED, option
from evonas.evaluation.data.place import COUNTED, OWN_IMAGES
from evonas.settings import SETTINGS, Setting, Settings, Unset
from evonas.settings.reading import read_settings
from evonas.settings.tree import GROUPS
from evonas.settings.workers import Workers

PANELS = {
    name: Group((kind.__doc__ or name).rstrip("."), sort_key=number)
    for number, (name, kind) in enumerate(GROUPS.items())
}
OWN_PANEL = Group("This command", sort_key=len(PANELS))

OWN_OPTIONS: dict[str, tuple[Any, Parameter, Any]] = {
    "config": (
        Path | None,
        Parameter(
            help="A YAML file of settings, such as a run's config.yaml; options override it.",
            show_default=False,
        ),
        None,
    ),
    "print_config": (
        bool,
        Parameter(help="Print the settings without running.", show_default=False),
        False,
    ),
    "out": (
        Path | None,
        Parameter(
            help="The run's folder; default runs/<space>-<data set>-<number>.",
            show_default=False,
        ),
        None,
    ),
    "warm_start": (
        list[Path] | None,
        Parameter(
            help="Runs with the same protocol and seed, whose results are reused.",
            show_default=False,
            consume_multiple=True,
        ),
        None,
    ),
    "prior": (
        list[Path] | None,
        Parameter(
            help="Runs whose best genomes the search begins with; their data, size and budget may "
            "differ.",
            show_default=False,
            consume_multiple=True,
        ),
        None,
    ),
    "quiet": (bool, QUIET, False),
}
"""Options of the command rather than of the run: type, option and default."""


def run(**given: Any) -> None:
    """Search a space and write its Pareto front to a new run folder.

    Options have the same names in config.yaml, in the Python API and in docs/settings.md.
    """
    own = {name: given.pop(name, default) for name, (_, _, default) in OWN_OPTIONS.items()}
    settings = given_settings(given, own["config"])
    prior = own["prior"] or []
    if own["print_config"]:
        _print_config(settings, prior)
        return
    _search(
        settings, out=own["out"], warm_start=own["warm_start"] or [], prior=prior,
        is_quiet=own["quiet"],
    )  # fmt: skip


_LARGER = Parameter(show_default=lambda _: "as before")


def resume(
    folder: Path,
    /,
    *,
    workers: Annotated[str | None, option("workers")] = None,
    timeout: Annotated[float | None, option("timeout")] = None,
    retry_failed: Annotated[bool, RETRY_FAILED] = False,
    population: Annotated[int | None, _LARGER, Parameter(help="Trainings per generation.")] = None,
    generations: Annotated[
        int | None, _LARGER, Parameter(help="Maximum number of generations.")
    ] = None,
    evaluations: Annotated[
        int | None, _LARGER, Parameter(help="Maximum number of trainings.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        Parameter(help="New location of the images.", show_default="unchanged"),
    ] = None,
    accept_data: Annotated[
        bool,
        Parameter(
            help="Continue although the images differ from those the run started with; the "
            "journal records it.",
            negative="",
            show_default=False,
        ),
    ] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Resume an interrupted run with the same final result, or extend a run.

    With a new size, the run ends as if it had been started with that size. Finished trainings
    are not repeated.

    Parameters
    ----------
    folder
        The folder of a run.
    """
    from evonas.api.study import load_study

    study = load_study(folder)  # refuses a folder without a run
    if (data_dir, population, generations, evaluations) != (None,) * 4 or accept_data:
        from evonas.api.running import changed_settings

        changed_settings(
            study.folder, data_dir=data_dir, is_accepted=accept_data, population=population,
            generations=generations, evaluations=evaluations,
        )  # fmt: skip
    on = Workers.of(workers, timeout)
    _go_on(study.folder, workers=on, retry_failed=retry_failed, is_quiet=quiet)


def confirm(
    folder: Path,
    /,
    *,
    replicates: Annotated[
        int, Parameter(help="Confirmations per network; existing ones count.")
    ] = 3,
    workers: Annotated[str | None, option("workers")] = None,
    timeout: Annotated[float | None, option("timeout")] = None,
    retry_failed: Annotated[bool, RETRY_FAILED] = False,
    quiet: Annotated[bool, QUIET] = False,
) -> None:
    """Confirm the front by fresh trainings with seeds that played no part in choosing it.

    Parameters
    ----------
    folder
        The folder of a run.
    """
    from evonas.cli.confirm import confirm_and_show

    on = Workers.of(workers, timeout)
    confirm_and_show(
        folder, replicates=replicates, workers=on, is_quiet=quiet, retry_failed=retry_failed
    )


def given_settings(given: dict[str, Any], config: Path | None) -> Settings:
    """Options override the file."""
    if config is None:
        return read_settings(given)
    from evonas.study.config import SPACE_FILE, read_given

    from_file = read_given(config)
    copy = config.parent / SPACE_FILE
    if "space" not in given and copy.exists():
        from_file["space"] = str(copy)  # a run keeps a copy of its space next to its settings
    return read_settings(given, on_top_of=read_settings(from_file, where=str(config)))


def _print_config(settings: Settings, prior: list[Path]) -> None:
    from evonas.study.config import config_text
    from evonas.study.prior.collecting import with_prior
    from evonas.study.resolve import resolve
    from evonas.study.versions import sources, versions

    # the default batch depends on how many images a user has
    resolved = resolve(settings, reads_data=settings.training.dataset in OWN_IMAGES)
    resolved, _ = with_prior(resolved, str(settings.problem.space), prior)
    # as the user wrote it: a path can be run again, the name of a custom space cannot
    resolved = resolved.with_values({"space": settings.problem.space})
    text = config_text(resolved, versions=versions(resolved), sources=sources(resolved))
    say(showing(), text, end="")


def _search(
    settings: Settings, *, out: Path | None, warm_start: list[Path], prior: list[Path],
    is_quiet: bool,
) -> None:  # fmt: skip
    from evonas.api.checks.reading_bar import reading_bar
    from evonas.api.searching import new_study

    given, timeout = settings.machine.workers, settings.machine.timeout
    workers = Workers.of(None if isinstance(given, Unset) else given, timeout)
    reads_files = settings.training.dataset in COUNTED
    with reading_bar(is_quiet=is_quiet or not reads_files):
        study = new_study(settings=settings, out=out, warm_start=warm_start, prior=prior)
    if not is_quiet:
        _show_images(study.folder, study.settings)
    _go_on(study.folder, workers=workers, is_quiet=is_quiet)


def _show_images(folder: Path, settings: Settings) -> None:
    """A contact sheet for a new run on the user's own images."""
    if settings.training.dataset not in OWN_IMAGES:
        return
    from evonas.api.checks.data_check import SHEET, survey_of_run, write_contact_sheet
    from evonas.cli.messages import summarise_images

    survey, sheet = survey_of_run(settings), folder / SHEET
    is_drawn = write_contact_sheet(survey, sheet)
    summarise_images(working(), survey, sheet=sheet if is_drawn else None)


def _go_on(folder: Path, *, workers: Workers, retry_failed: bool = False, is_quiet: bool) -> None:
    from evonas.api.progress_bar import audit_display, progress_display
    from evonas.api.running import audit_and_write, run_and_write, with_workers
    from evonas.api.study import load_study
    from evonas.cli.confirm import confirm_and_show
    from evonas.cli.controls import ablate_and_show
    from evonas.cli.messages import conclude, introduce, say_how_to_resume, warn
    from evonas.space import load
    from evonas.study.config import SPACE_FILE
    from evonas.study.resolve import worker_count
    from evonas.study.results.confirmation import has_lost_confirmations
    from evonas.study.upkeep.versions_of_run import other_versions

    console = working(quiet=is_quiet)
    settings = load_study(folder).settings
    at_once = worker_count(with_workers(settings, workers))
    for difference in other_versions(folder, settings):
        warn(difference)
    introduce(console, settings, load(str(folder / SPACE_FILE)), folder=folder, workers=at_once)
    try:
        with progress_display(console, is_quiet=is_quiet) as show:
            result = run_and_write(
                folder, workers=workers, retry_failed=retry_failed, on_progress=show
            )
        with audit_display(console, is_quiet=is_quiet) as tell:
            result = audit_and_write(folder, result, workers=workers, on_progress=tell)
        conclude(console, folder, result)
        count = settings.search.confirm if result.front else 0
        if count or (retry_failed and has_lost_confirmations(folder)):
            confirm_and_show(
                folder, replicates=count, workers=workers, is_quiet=is_quiet,
                retry_failed=retry_failed,
            )  # fmt: skip
        has_controls = bool(settings.search.controls and result.front)
        if has_controls or retry_failed:
            ablate_and_show(
                folder, workers=workers, is_quiet=is_quiet, has_controls=has_controls,
                retry_failed=retry_failed,
            )  # fmt: skip
    except (KeyboardInterrupt, SystemExit):
        say_how_to_resume(console, folder)
        raise


def setting_arguments() -> list[Argument]:
    """One keyword for each setting of a run."""
    return [_argument(known) for known in SETTINGS.values()]


def _argument(known: Setting) -> Argument:
    kind: Any = list[str] if known.item_type is not None else known.plain_type
    kind = kind | None  # cyclopts holds defaults against types wherever pydantic is loaded
    panel = Parameter(group=PANELS[known.group])
    annotation: Any = Annotated[kind, option(known.name), panel]
    return Argument(known.name, Argument.KEYWORD_ONLY, annotation=annotation, default=None)


def own_argument(name: str) -> Argument:
    """The keyword for one of ``OWN_OPTIONS``."""
    kind, own, default = OWN_OPTIONS[name]
    annotation: Any = Annotated[kind, own, Parameter(group=OWN_PANEL)]
    return Argument(name, Argument.KEYWORD_ONLY, annotation=annotation, default=default)


run.__signature__ = Signature(  # type: ignore[attr-defined]
    [*setting_arguments(), *map(own_argument, OWN_OPTIONS)]
)
