"""From the flags of ``evonas bench`` to a table of scores."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

import joblib
from rich.console import Console
from rich.table import Table

from evonas.api.progress_bar import count_display
from evonas.api.terminal.console import say
from evonas.api.terminal.tables import print_table
from evonas.benchmarking.bench import BenchPlan, run_bench
from evonas.benchmarking.benchmark import Benchmark, Goal
from evonas.benchmarking.nats_table import read_nats
from evonas.benchmarking.noise import Noise
from evonas.benchmarking.noisy_bench import NoisyPlan, run_noisy_bench
from evonas.benchmarking.noisy_scores import NoisyScore, write_noisy_scores
from evonas.benchmarking.scores import BenchScore, summary, write_scores
from evonas.benchmarking.table import read_table
from evonas.benchmarking.table_signals import table_signals
from evonas.cli.measuring.bench_options import BenchOptions
from evonas.cli.measuring.noisy_table import noisy_table
from evonas.cli.measuring.normalisation import describe_normaliser
from evonas.errors import ConfigError, SpaceError
from evonas.evaluation.data.place import cache_dir
from evonas.evaluation.signals.genome_signals import GenomeSignals, default_signals, parse_signals
from evonas.evaluation.signals.signal_cache import SIGNALS_FILE
from evonas.search.engines import check_signals, has_model
from evonas.search.replicates.replicated_engines import AUTO, parse_replicates
from evonas.space import Space, load

MAX_SEEDS = 100_000  # of each engine; more would take years

Record = TypeVar("Record", BenchScore, NoisyScore)


def run_and_show(console: Console, options: BenchOptions) -> None:
    """Run the bench, print mean and standard deviation, and write the records if asked to.

    Raises:
        InputError: a subclass that names the problem; nothing is written then.
    """
    workers = _workers(options.workers)
    plan = _plan(options)
    goal = Goal(_names(options.maximise), _names(options.minimise), options.report)
    noisy = _noisy_plan(options, plan, goal)
    space = load(options.space)
    signals = _signals(options, plan, space)
    if options.out is not None and not options.out.parent.is_dir():
        raise ConfigError(f"json: there is no folder {options.out.parent}")
    is_archive = options.table.is_dir()
    rows = (read_nats if is_archive else read_table)(options.table, goal.columns)
    benchmark = Benchmark(
        space,
        rows,
        goal=goal,
        name=str(options.table),
        signals=signals,
    )
    plan.check(benchmark)
    _introduce(console, benchmark, plan)
    workers = min(workers, len(plan.algorithms) * len(plan.seeds))
    if noisy is not None:
        told = _gathered(console, run_noisy_bench(benchmark, noisy, workers=workers), plan)
        if options.out is not None:
            write_noisy_scores(told, options.out)
        print_table(console, noisy_table(told))
        return
    records = _gathered(console, run_bench(benchmark, plan, workers=workers), plan)
    if options.out is not None:
        write_scores(records, options.out)
    _show(console, records, plan)


def _noisy_plan(options: BenchOptions, plan: BenchPlan, goal: Goal) -> NoisyPlan | None:
    if options.noise is None:
        if options.replicates is not None:
            raise ConfigError(
                "replicates: without --noise every training gives the same values; add --noise"
            )
        return None
    noise = Noise.parse(options.noise, columns=goal.objectives)
    return NoisyPlan(plan, noise, parse_replicates(options.replicates or AUTO))


def _signals(options: BenchOptions, plan: BenchPlan, space: Space) -> GenomeSignals | None:
    """The signals for engines with a model.

    By default ``free``, or none if its networks would be too deep for images of 32 pixels.
    """
    if options.signals is None:
        if not any(map(has_model, plan.algorithms)):
            return None
        with suppress(SpaceError):
            return table_signals(default_signals(num_rules=1), space)
        return None
    names = parse_signals(_names(options.signals))
    check_signals(names, algorithms=plan.algorithms)
    return table_signals(names, space, cache=cache_dir() / SIGNALS_FILE) if names else None


def _gathered(console: Console, runs: Iterable[list[Record]], plan: BenchPlan) -> list[Record]:
    """All records, in the order of the plan."""
    found: list[Record] = []
    total = len(plan.algorithms) * len(plan.seeds)
    with count_display(console, title="bench", unit="runs", is_quiet=False) as show:
        show(0, total)
        for number, records in enumerate(runs, start=1):
            found += records
            show(number, total)
    order = {name: position for position, name in enumerate(plan.algorithms)}
    return sorted(found, key=lambda r: (order[r.algorithm], r.seed, r.evaluations))


def _introduce(console: Console, benchmark: Benchmark, plan: BenchPlan) -> None:
    goal = benchmark.goal
    wanted = [f"{name} up" for name in goal.maximise] + [f"{name} down" for name in goal.minimise]
    lines = [
        f"{benchmark.name}: {len(benchmark):,} architectures; {', '.join(wanted)}",
        f"{_runs(plan)} of each engine, population {plan.population}",
    ]
    if goal.measure == "value":
        best = min(benchmark.front)[0]
        best = -best if goal.maximise else best
        lines.append(
            f"reported: {goal.reported} of the architecture with the best {goal.objectives[0]} "
            f"so far; the best of the table is {best:g}"
        )
    else:
        signs = [-1.0] * len(goal.maximise) + [1.0] * len(goal.minimise)
        ends = describe_normaliser(benchmark.normaliser, names=goal.objectives, signs=signs)
        lines.append(
            "score: share of the true front's hypervolume, which is "
            f"{benchmark.front_hypervolume:.6f} by {len(benchmark.front)} points ({ends})"
        )
    for line in lines:
        say(console, line)


def _runs(plan: BenchPlan) -> str:
    first, last = plan.seeds[0], plan.seeds[-1]
    if first == last:
        return f"1 run (seed {first})"
    return f"{len(plan.seeds)} runs (seeds {first} to {last})"


def _show(console: Console, records: Sequence[BenchScore], plan: BenchPlan) -> None:
    table = Table("algorithm", *(f"{count}" for count in plan.checkpoints), box=None)
    for name, by_count in summary(records).items():
        table.add_row(name, *(_cell(*by_count[count]) for count in plan.checkpoints))
    print_table(console, table)


def _cell(mean: float, deviation: float, count: int) -> str:
    if count == 0:
        return "-"
    digits = 3 if abs(mean) < 10 else 2
    return f"{mean:.{digits}f} ± {deviation:.{digits}f}"


def _plan(options: BenchOptions) -> BenchPlan:
    if options.seeds < 1:
        raise ConfigError(f"seeds: expected a whole number of at least 1, got {options.seeds}")
    if options.seeds > MAX_SEEDS:
        raise ConfigError(f"seeds: expected at most {MAX_SEEDS:,}, got {options.seeds}")
    if options.first_seed < 0:
        raise ConfigError(f"first-seed: expected at least 0, got {options.first_seed}")
    return BenchPlan(
        algorithms=_names(options.algorithms),
        seeds=tuple(range(options.first_seed, options.first_seed + options.seeds)),
        checkpoints=_counts(options.checkpoints),
        population=options.population,
        at_once=options.at_once,
    )


def _counts(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in _names(text))
    except ValueError:
        raise ConfigError(
            f"checkpoints: expected whole numbers, comma-separated, got '{text}'"
        ) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _workers(workers: int | None) -> int:
    if workers is not None and workers < 1:
        raise ConfigError(f"workers: expected a whole number of at least 1, got {workers}")
    return workers or joblib.cpu_count()
