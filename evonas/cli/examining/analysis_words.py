"""An analysis in words: findings, their certainty, and their limits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from evonas.analysis.noise_comparison import OWN
from evonas.api.analyses.result import Analysis
from evonas.api.terminal.console import say
from evonas.api.terminal.tables import print_table
from evonas.counted import counted

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
NUM_SHOWN = 5


def say_analysis(console: Console, found: Analysis) -> None:
    """Print the analysis, part by part."""
    of = f" of {len(found.runs)} runs" if len(found.runs) > 1 else ""
    say(console, f"{counted(found.candidates, 'candidate')}{of}, {found.on_front} on the front")
    for title, lines in (
        ("Rules on the front", enrichment_words(found)),
        ("Main effects", effects_words(found)),
        ("Variance of gradients", gradients_words(found)),
        ("Loss landscape", landscape_words(found)),
    ):
        said = list(lines)
        if said:
            say(console, f"\n{title}")
        for line in said:
            say(console, f"  {line}")
        if title.startswith("Variance") and found.comparisons is not None:
            print_table(console, _noise_table(found.comparisons))
    for part, reason in found.left_out.items():
        say(console, f"\nleft out: {reason if reason.startswith(part) else f'{part}: {reason}'}")
    say(console, f"\ntables and pictures: {found.folder}")


def enrichment_words(found: Analysis) -> Iterator[str]:
    """Which rules are more frequent on the front than among all candidates, and where."""
    table = found.enrichment
    if table is None:
        return
    tested = table[table.p.notna()]
    clear = tested[tested.p_holm < LEVEL]
    if not len(tested):
        yield "nothing to test: at every depth all candidates have the same rules"
        return
    for row in _rows(clear.sort_values("p_holm")):
        word = "more" if row.difference > 0 else "less"
        yield f"{word} often on the front: {_cell(row)}, p after Holm {row.p_holm:.2g}"
    if not len(clear):
        yield (
            f"no rule is enriched or depleted at any depth: none of {len(tested)} cells has p < "
            f"{LEVEL} after Holm. Largest differences:"
        )
        strongest = tested.reindex(tested.difference.abs().sort_values(ascending=False).index)
        for row in _rows(strongest.head(3)):
            yield f"  {_cell(row)}, p {row.p:.2g}, after Holm {row.p_holm:.2g}"
    possible = int((tested.p_least * len(tested) < LEVEL).sum())
    if possible < len(tested):
        yield (
            f"with {found.on_front} of {found.candidates} candidates on the front, only "
            f"{possible} of {len(tested)} cells could have become significant; pool runs to test "
            f"more"
        )
    yield (
        "p assumes exchangeable candidates; a search breeds them from its front, so a small p "
        "may reflect inheritance, not merit"
    )


def _cell(row: Any) -> str:
    return (
        f"{row.rule} at {row.depth}: {100 * row.share_front:.0f} % of sites on the front, "
        f"{100 * row.share_all:.0f} % among all"
    )


def effects_words(found: Analysis) -> Iterator[str]:
    """The effects of choices, if the models explain anything."""
    if found.effects is None or found.fits is None:
        return
    for objective in dict.fromkeys(found.fits.objective):
        fits = found.fits[found.fits.objective == objective]
        for fit in _rows(fits):
            noise = (
                f", of which training noise is {fit.noise:.3g}" if fit.noise == fit.noise else ""
            )
            yield (
                f"{objective}, {fit.model}: on held-out candidates R2 {fit.r2:.2f}, error "
                f"{fit.rmse:.3g}{noise}, Kendall's tau {fit.tau:.2f} (p {fit.tau_p:.2g})"
            )
        first = fits[fits.model == "gaussian process"].iloc[0]
        if not (first.r2 > 0 and first.tau > 0 and first.tau_p < LEVEL):
            yield (f"{objective}: the surrogate explains nothing here; do not trust its effects")
            continue
        effects = found.effects[found.effects.objective == objective]
        clear = effects[effects.effect.abs() > 2 * effects.error]
        ordered = clear.reindex(clear.effect.abs().sort_values(ascending=False).index)
        yield (
            f"{objective}: {len(clear)} of {len(effects)} effects are beyond two standard errors; "
            f"about {0.05 * len(effects):.0f} expected by chance"
        )
        for row in _rows(ordered[ordered.seen > 0].head(NUM_SHOWN)):
            yield (
                f"  {row.choice} at {row.gene}: {row.effect:+.3g} ± {row.error:.2g} "
                f"(additive {row.additive:+.3g} ± {row.additive_error:.2g}; {row.seen} candidates)"
            )


def gradients_words(found: Analysis) -> Iterator[str]:
    """Whether the network's own rules have less variable updates than one rule everywhere."""
    table = found.comparisons
    if table is None:
        return
    for (key, weights), some in table.groupby(["key", "weights"], sort=False):
        own = some[some.assignment == OWN].iloc[0]
        where = f"{str(key)[:8]}, {weights} weights"
        if own.nv > own.batches / 2:
            yield (
                f"{where}: inconclusive, as the gradients of {own.batches} mini-batches hardly "
                f"agree; use more (--batches)"
            )
            continue
        others = some[some.assignment != OWN]
        less = others[(others.ratio < 1) & (others.p_holm < LEVEL)].assignment.tolist()
        more = others[(others.ratio > 1) & (others.p_holm < LEVEL)].assignment.tolist()
        rest = [name for name in others.assignment if name not in (*less, *more)]
        parts = [
            f"{word} {' '.join(names)}"
            for word, names in (
                ("less variable than", less),
                ("more variable than", more),
                ("not significantly different from", rest),
            )
            if names
        ]
        yield f"{where}: its own rules are {'; '.join(parts)}"
    yield (
        "p < 0.05 after Holm, over mini-batches at these weights; other training seeds may differ"
    )


def landscape_words(found: Analysis) -> Iterator[str]:
    """The loss at the centre and around it."""
    table = found.landscape
    if table is None:
        return
    for key, some in table.groupby("key", sort=False):
        centre = some[(some["first"] == 0) & (some["second"] == 0)].loss.iloc[0]
        # within the circle of radius 1/2
        near = some[some["first"] ** 2 + some["second"] ** 2 <= 0.25]
        yield (
            f"{str(key)[:8]}: loss {centre:.3g} at the trained weights, up to "
            f"{near.loss.max():.3g} within half a norm of the weights, lowest on the grid "
            f"{some.loss.min():.3g}"
        )
    yield "two random directions of many: a picture, not a test"


def _noise_table(table: "pd.DataFrame") -> Table:
    """Of the first network; the others are in the CSV file."""
    shown = Table(box=None)
    for name in ("key", "weights", "rules", "variance", "own / this", "p (Holm)", "cosine"):
        shown.add_column(name, no_wrap=True)
    for row in _rows(table[table.key == table.key.iloc[0]]):
        is_own = row.assignment == OWN
        shown.add_row(
            str(row.key)[:8],
            str(row.weights),
            "its own" if is_own else str(row.assignment),
            f"{row.nv:.3g}",
            "" if is_own else f"{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]",
            "" if is_own else f"{row.p_holm:.2g}",
            f"{row.cosine:.2f}",
        )
    return shown


def _rows(table: "pd.DataFrame") -> list[Any]:
    """With the columns as attributes, which pandas gives no types."""
    return list(table.itertuples())
