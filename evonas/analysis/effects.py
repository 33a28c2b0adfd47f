"""Main effects: the effect of each choice of a gene, averaged over the other genes."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from evonas.analysis.cross_validation import Fit, fold_numbers, jackknife_error, score
from evonas.analysis.population import Population
from evonas.analysis.regression import MODELS, Model
from evonas.errors import ConfigError
from evonas.evaluation.objectives import OBJECTIVES
from evonas.search.model_guided.genome_features import Features, Rows
from evonas.space import Genome, Space

Array = NDArray[np.float64]

NUM_FOLDS = 10
MIN_CANDIDATES = 10
NUM_REFERENCES = 64
"""Number of random genomes over which an effect is averaged."""

ANY_SITE = "any site"


@dataclass(frozen=True)
class Effect:
    """Effect of one choice of one gene, in the unit of the objective.

    Attributes:
        objective: name of the objective.
        kind: ``operation`` or ``rule``.
        gene: name of the gene; ``any site`` for the mean of a rule over all its sites.
        choice: an operation or a rule.
        seen: number of candidates with this choice in an active gene (``any site``: at any site).
        effect: effect by the Gaussian process: the value with this choice, minus the mean over all
            choices of the gene.
        error: standard error of ``effect``, by the grouped jackknife over the folds.
        additive: the same effect by the additive model.
        additive_error: standard error of ``additive``.
    """

    objective: str
    kind: str
    gene: str
    choice: str
    seen: int
    effect: float
    error: float
    additive: float
    additive_error: float


@dataclass(frozen=True)
class Effects:
    """All main effects, and the accuracy of the models behind them.

    Attributes:
        effects: effects by objective, gene and choice.
        fits: accuracy of each model for each objective.
    """

    effects: tuple[Effect, ...]
    fits: tuple[Fit, ...]


@dataclass(frozen=True)
class _Contrast:
    """One gene: rows with each of its choices, in the genomes in which the gene is active."""

    gene: int
    is_rule: bool
    rows: slice
    shape: tuple[int, int]  # genomes, choices


def main_effects(population: Population, *, seed: int) -> Effects:
    """Estimate the main effects of operations and rules on every objective.

    The effect of a choice is a partial dependence (Friedman 2001): the model's prediction for
    random genomes with this choice, minus the mean over all choices of the gene, averaged over the
    genomes in which the gene is active. Its error is that of the grouped jackknife: the models are
    fitted again without each fold; these are also the fits of the cross-validation.

    Args:
        population: candidates of one run or several.
        seed: seed of the folds and of the random genomes.

    Raises:
        ConfigError: fewer candidates than :data:`MIN_CANDIDATES` were measured in full.
    """
    members = population.contending
    keys = [member.key for member in members]
    if len(set(keys)) < MIN_CANDIDATES:
        raise ConfigError(
            f"effects: expected at least {MIN_CANDIDATES} candidates that were measured in full, "
            f"found {len(set(keys))}"
        )
    space, names = population.space, population.objectives
    signs = np.array([OBJECTIVES[name].minimised(1.0) for name in names])
    features = Features(space)
    rows = features.rows([member.genome for member in members])
    values = signs * np.array([[member.values[name] for name in names] for member in members])
    noise = _noise([[member.noise.get(name) for name in names] for member in members])
    fold = fold_numbers(keys, folds=min(NUM_FOLDS, len(set(keys))), seed=seed)
    contrasts, variants = _design(space, features, rng=random.Random(seed))
    fits: list[Fit] = []
    found: dict[str, tuple[Array, Array]] = {}
    with threadpool_limits(1):  # the same order of summation on any number of cores
        for model_name, fit in MODELS.items():
            foretold = np.empty_like(values)
            without = []
            for number in np.unique(fold):
                kept = fold != number
                some = None if noise is None else noise[kept]
                model = fit(features, rows[kept], values[kept], some)
                foretold[~kept] = model(rows[~kept])
                without.append(_table(model, contrasts, variants))
            whole = _table(fit(features, rows, values, noise), contrasts, variants)
            found[model_name] = signs * whole, jackknife_error(np.stack(without))
            fits += [
                score(
                    signs[i] * foretold[:, i],
                    signs[i] * values[:, i],
                    fold,
                    objective=name,
                    model=model_name,
                    noise=math.nan if noise is None else float(np.sqrt(noise[:, i].mean())),
                )
                for i, name in enumerate(names)
            ]
    seen = _seen(space, [member.genome for member in members])
    lines = list(_lines(space, contrasts))
    (effect, error), (additive, additive_error) = found.values()
    effects = tuple(
        Effect(
            objective=name,
            kind=line[0],
            gene=line[1],
            choice=line[2],
            seen=seen[line],
            effect=float(effect[row, i]),
            error=float(error[row, i]),
            additive=float(additive[row, i]),
            additive_error=float(additive_error[row, i]),
        )
        for i, name in enumerate(names)
        for row, line in enumerate(lines)
    )
    return Effects(effects, tuple(fits))


def _noise(errors: Sequence[Sequence[float | None]]) -> Array | None:
    """Return the variances, or None unless all are known."""
    if any(error is None for row in errors for error in row):
        return None
    return np.array(errors, dtype=float) ** 2


def _design(
    space: Space, features: Features, *, rng: random.Random
) -> tuple[list[_Contrast], Rows]:
    """Return for every gene with an effect the rows to predict."""
    genomes = [space.canonical(space.sample(rng)) for _ in range(NUM_REFERENCES)]
    active = [space.is_active(genome) for genome in genomes]
    contrasts: list[_Contrast] = []
    variants: list[Genome] = []
    for number, gene in enumerate(space.genes):
        chosen = [g for g, flags in zip(genomes, active, strict=True) if flags[number]]
        if gene.kind == "inputs" or len(gene.choices) < 2 or not chosen:
            continue
        first = len(variants)
        variants += [
            space.canonical(_replaced(genome, number, choice))
            for genome in chosen
            for choice in range(len(gene.choices))
        ]
        shape = len(chosen), len(gene.choices)
        rows = slice(first, len(variants))
        contrasts.append(_Contrast(number, gene.kind == "rule", rows, shape))
    return contrasts, features.rows(variants)


def _replaced(genome: Genome, gene: int, choice: int) -> Genome:
    values = list(genome.values)
    values[gene] = choice
    return Genome(tuple(values))


def _table(model: Model, contrasts: Sequence[_Contrast], variants: Rows) -> Array:
    """Return a model's effects in the order of :func:`_lines`, (lines, objectives)."""
    foretold = model(variants)
    effects = []
    for contrast in contrasts:
        values = foretold[contrast.rows].reshape(*contrast.shape, -1)
        effects.append((values - values.mean(axis=1, keepdims=True)).mean(axis=0))
    rules = [each for each, contrast in zip(effects, contrasts, strict=True) if contrast.is_rule]
    if len(rules) > 1:
        effects.append(np.mean(rules, axis=0))
    return np.concatenate(effects)


def _lines(space: Space, contrasts: Sequence[_Contrast]) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, gene, choice) of every effect."""
    for contrast in contrasts:
        gene = space.genes[contrast.gene]
        for choice in gene.choices:
            yield gene.kind, gene.name, choice
    if sum(contrast.is_rule for contrast in contrasts) > 1:
        for choice in space.rule_choices:
            yield "rule", ANY_SITE, choice


def _seen(space: Space, genomes: Sequence[Genome]) -> Counter[tuple[str, str, str]]:
    """Count the genomes that have each choice in an active gene."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for genome in genomes:
        flags = space.is_active(genome)
        rules = set()
        for gene, value, is_active in zip(space.genes, genome.values, flags, strict=True):
            counts[gene.kind, gene.name, gene.choices[value]] += is_active
            if is_active and gene.kind == "rule":
                rules.add(gene.choices[value])
        for rule in rules:
            counts["rule", ANY_SITE, rule] += 1
    return counts
