"""Statistics of one run, or of several runs of one space: tables, pictures and findings."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from evonas.api.analyses.kept_parts import KeptParts
from evonas.api.analyses.result import PARTS, Analysis
from evonas.api.analyses.steps_bar import steps_bar
from evonas.api.study import Study
from evonas.api.terminal.console import working
from evonas.errors import ConfigError, DataError
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.registry import suggestion
from evonas.seeds import derive_seed
from evonas.study.results.reading import RunState, read_run
from evonas.study.weights import write_whole

if TYPE_CHECKING:
    import pandas as pd

    from evonas.analysis.population import Population
    from evonas.api.analyses.networks import ExaminedNetwork

ANALYSIS_FOLDER = "analysis"
MAX_NETWORKS = 3
"""Networks of the front that are analysed when no keys are given."""


@ordinary_torch()
def analyse(
    runs: "Study | str | Path | Sequence[Study | str | Path]",
    *,
    what: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    batches: int = 20,
    grid: int = 21,
    progress: bool = True,
    console: Console | None = None,
) -> Analysis:
    """Analyse what the candidates of one or several runs reveal about rules and operations.

    Tables (CSV) and pictures (PNG) are written as each part ends. Updates and loss surfaces of a
    network are cached, so an interrupted analysis continues where it stopped. Equal arguments give
    equal tables.

    Args:
        runs: a study or the folder of a run, or several of the same space, objectives, rules and
            protocol.
        what: parts of ``enrichment``, ``effects``, ``gradients`` and ``landscape``; None for all
            that the runs allow.
        keys: keys of the networks whose updates and losses are analysed, or prefixes of them; None
            for the first three of the front.
        out: a folder for tables and pictures; None for ``analysis`` in the folder of a single run.
        seed: seed of permutations, folds, mini-batches and directions.
        batches: mini-batches over which the variance of updates is computed, at least 3.
        grid: points along each side of a loss surface, an odd number.
        progress: whether to show a bar in a terminal.
        console: to draw it on; standard output if None.

    Raises:
        ConfigError: an option is out of range, the runs cannot be pooled, or a requested part is
            not possible.
        UnknownNameError: no candidate has one of the keys.
        DataError: a requested part needs images that are missing.
        RunFolderError: one of the folders holds no run.

    Examples:
        >>> found = evonas.analyse(study, what=["landscape"], grid=3, out="found", progress=False)
        >>> found.landscape.columns.tolist()
        ['key', 'first', 'second', 'loss']
        >>> len(found.landscape) % 9
        0
    """
    folders = _folders(runs)
    _check(what, batches=batches, grid=grid)
    from evonas.analysis.population import pool
    from evonas.api.analyses.networks import chosen_networks
    from evonas.study.shape import read_space

    states = [read_run(folder) for folder in folders]
    population = pool(states, [read_space(state.settings, state.folder) for state in states])
    to = _out_folder(folders, out)
    found = Analysis(
        folder=to,
        runs=folders,
        candidates=len(population.members),
        on_front=len(population.front),
    )
    examined = chosen_networks(states, keys, seed=seed, most=MAX_NETWORKS)
    to.mkdir(parents=True, exist_ok=True)
    bars = _Bars(console or working(), is_shown=progress)
    makers: dict[str, Callable[[Analysis], Analysis]] = {
        "enrichment": lambda done: _enrichment(done, population, states, seed=seed),
        "effects": lambda done: _effects(done, population, states, seed=seed),
        "gradients": lambda done: _gradients(done, examined, batches=batches, bars=bars),
        "landscape": lambda done: _landscape(done, examined, grid=grid, bars=bars),
    }
    for name in PARTS:
        if what is not None and name not in what:
            continue
        try:
            found = makers[name](found)
        except (ConfigError, DataError) as problem:
            if what is not None:
                raise
            found = replace(found, left_out={**found.left_out, name: str(problem)})
    return found


class _Bars:
    """Makes bars, all on one console."""

    def __init__(self, console: Console, *, is_shown: bool) -> None:
        self._console, self._is_shown = console, is_shown

    def __call__(self, title: str, total: int) -> Any:
        return steps_bar(title, total, console=self._console, is_shown=self._is_shown)


def _enrichment(
    found: Analysis, population: "Population", states: Sequence[RunState], *, seed: int
) -> Analysis:
    from evonas.analysis.enrichment import enrichment
    from evonas.report.analysis import enrichment_plot as plot

    if len(population.space.rule_choices) < 2:
        raise ConfigError("enrichment: every network has the same single rule")
    if not population.front:
        raise ConfigError("enrichment: no candidate is on the front yet")
    cells = enrichment(population, seed=derive_seed(seed, "permutations"))
    table = _written(cells, found.folder / "enrichment.csv")
    title = _title(states, found)
    plot.draw_enrichment(cells, path=found.folder / plot.ENRICHMENT_PICTURE, title=title)
    plot.draw_shares(cells, path=found.folder / plot.SHARES_PICTURE, title=title)
    return replace(found, enrichment=table)


def _effects(
    found: Analysis, population: "Population", states: Sequence[RunState], *, seed: int
) -> Analysis:
    from evonas.analysis.effects import main_effects
    from evonas.report.analysis.effects_plot import EFFECTS_PICTURE, draw_effects

    effects = main_effects(population, seed=derive_seed(seed, "folds"))
    table = _written(effects.effects, found.folder / "effects.csv")
    fits = _written(effects.fits, found.folder / "fits.csv")
    path = found.folder / EFFECTS_PICTURE
    draw_effects(effects.effects, effects.fits, path=path, title=_title(states, found))
    return replace(found, effects=table, fits=fits)


def _gradients(
    found: Analysis, examined: Sequence["ExaminedNetwork"], *, batches: int, bars: _Bars
) -> Analysis:
    from evonas.analysis.noise_comparison import compare_noise
    from evonas.report.analysis.gradients_plot import draw_gradients, gradients_picture

    if not examined:
        raise ConfigError("gradients: no candidate is on the front yet; name some by keys")
    parts = KeptParts(found.folder)
    rows: list[dict[str, Any]] = []
    compared: list[dict[str, Any]] = []
    total = sum(batches * len(one.states) * len(one.assignments) for one in examined)
    with bars("gradient variance", total) as advance:
        for one in examined:
            key = one.candidate.key
            by_state = {
                state: one.updates(parts, state, batches=batches, advance=advance)
                for state in one.states
            }
            for state, some in by_state.items():
                where = {"key": key, "weights": state}
                rows += [where | _without(asdict(each), "nv_without") for each in some]
                compared += [where | asdict(each) for each in compare_noise(some)]
            path = found.folder / gradients_picture(key)
            title = f"{key}, {batches} mini-batches"
            draw_gradients(by_state, batches=batches, path=path, title=title)
    return replace(
        found,
        keys=tuple(one.candidate.key for one in examined),
        gradients=_written(rows, found.folder / "gradients.csv"),
        comparisons=_written(compared, found.folder / "gradient_comparison.csv"),
    )


def _landscape(
    found: Analysis, examined: Sequence["ExaminedNetwork"], *, grid: int, bars: _Bars
) -> Analysis:
    from evonas.api.analyses.networks import grid_steps
    from evonas.report.analysis.landscape_plot import draw_landscape, landscape_picture

    trained = [one for one in examined if "trained" in one.states]
    if not trained:
        raise ConfigError(
            "landscape: the weights of these candidates were not kept; only those of candidates "
            "on the front, or likely to be on it, are"
        )
    parts, steps = KeptParts(found.folder), grid_steps(grid)
    rows: list[dict[str, Any]] = []
    with bars("loss landscape", grid * len(trained)) as advance:
        for one in trained:
            key = one.candidate.key
            surface = one.surface(parts, grid=grid, advance=advance)
            rows += [
                {"key": key, "first": a, "second": b, "loss": surface[i][j]}
                for i, a in enumerate(steps)
                for j, b in enumerate(steps)
            ]
            path = found.folder / landscape_picture(key)
            draw_landscape(surface, steps, path=path, title=f"loss around {key}")
    return replace(
        found,
        keys=tuple(one.candidate.key for one in examined),
        landscape=_written(rows, found.folder / "landscape.csv"),
    )


def _written(rows: Sequence[Any], path: Path) -> "pd.DataFrame":
    """The rows as a table, after writing it to a file."""
    import pandas as pd

    from evonas.report.formulas import without_formulas

    table = pd.DataFrame([row if isinstance(row, dict) else asdict(row) for row in rows])
    write_whole(path, without_formulas(table).to_csv(index=False).encode())
    return table


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _title(states: Sequence[RunState], found: Analysis) -> str:
    settings = states[0].settings
    runs = f"{len(states)} runs, " if len(states) > 1 else ""
    return (
        f"{settings.problem.space} on {settings.training.dataset}: {runs}{found.candidates} "
        f"candidates, {found.on_front} on the front"
    )


def _folders(runs: "Study | str | Path | Sequence[Study | str | Path]") -> tuple[Path, ...]:
    some = [runs] if isinstance(runs, Study | str | Path) else list(runs)
    if not some:
        raise ConfigError("runs: expected the folder of a run, got none")
    folders = tuple(one.folder if isinstance(one, Study) else Path(one) for one in some)
    resolved = [folder.resolve() for folder in folders]
    for folder, place in zip(folders, resolved, strict=True):
        if resolved.count(place) > 1:
            raise ConfigError(f"runs: {folder} is given twice; its candidates would count twice")
    return folders


def _out_folder(folders: tuple[Path, ...], out: Path | str | None) -> Path:
    if out is not None:
        if Path(out).exists() and not Path(out).is_dir():
            raise ConfigError(f"out: expected a folder, {out} is a file")
        return Path(out)
    if len(folders) > 1:
        raise ConfigError(
            f"out: expected a folder for the analysis of {len(folders)} runs together, got none; "
            "give one, such as --out analysis"
        )
    return folders[0] / ANALYSIS_FOLDER


def _check(what: Sequence[str] | None, *, batches: int, grid: int) -> None:
    if what is not None and not what:
        raise ConfigError(f"what: expected one or more of {', '.join(PARTS)}, got nothing")
    for name in what or ():
        if name not in PARTS:
            raise ConfigError(
                f"what: expected one or more of {', '.join(PARTS)}, got "
                f"'{name}'{suggestion(name, PARTS)}"
            )
    if batches < 3:
        raise ConfigError(f"batches: expected at least 3, got {batches}; 20 or more is better")
    if grid < 3 or grid % 2 == 0:
        raise ConfigError(
            f"grid: expected an odd number of at least 3, so that the trained weights are on it, "
            f"got {grid}"
        )
