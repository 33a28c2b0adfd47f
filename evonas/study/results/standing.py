"""Standings: the estimates of each candidate from all trainings, which define the front.

They are derived from the journal. With ``--replicates auto`` this takes a model fit, so a copy is
kept in the run's folder, with a digest of the trainings behind it and a hash.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation
from evonas.search.model_guided.genome_features import Features
from evonas.search.pareto import Vector
from evonas.search.replicates.estimate import Estimate
from evonas.search.replicates.front_probability import p_front
from evonas.search.replicates.plain_estimates import plain_estimates
from evonas.search.replicates.racing import posterior_estimates
from evonas.search.replicates.replicated_engines import parse_replicates
from evonas.seeds import derive_seed
from evonas.settings import Settings
from evonas.space import Genome, Space
from evonas.study.results.trainings import by_candidate, is_whole, trial_results
from evonas.study.weights import write_whole

STANDINGS_FILE = "standings.json"
NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Standing:
    """The standing of one candidate.

    Attributes:
        mean: mean of each objective, to be minimised; None if it failed or is infeasible.
        standard_error: standard errors due to training; None if the noise is unknown.
        collapsed: number of trainings that failed or collapsed.
        violation: 0 if feasible, infinite for a failure.
        is_settled: whether it has enough replicates to be returned.
        p_front: probability that no other dominates it; None if the noise is unknown.
    """

    mean: Vector | None
    standard_error: Vector | None
    collapsed: int
    violation: float
    is_settled: bool
    p_front: float | None


def standings(
    trainings: Sequence[Evaluation],
    settings: Settings,
    *,
    space: Space,
    robust_at_most: Mapping[str, float] = NOTHING,
) -> dict[str, Standing]:
    """The standings of all candidates, by key.

    Args:
        trainings: all finished trainings, in the order of requests.
        settings: settings of the run.
        space: space of the genomes, at the size and with the rules of the run.
        robust_at_most: upper bounds for candidates with masked gradients, by key.
    """
    if parse_replicates(settings.search.replicates) is not None:
        return plain_standings(trainings, settings, robust_at_most=robust_at_most)
    objectives = settings.problem.objectives
    genomes = {t.key: space.parse(t.genome) for t in trainings}
    results = trial_results(trainings, objectives, genome_of=lambda t: genomes[t.key])
    estimates = posterior_estimates(results, Features(space), num_objectives=len(objectives))
    return _standings(trainings, estimates, settings, robust_at_most)


def plain_standings(
    trainings: Sequence[Evaluation],
    settings: Settings,
    *,
    robust_at_most: Mapping[str, float] = NOTHING,
) -> dict[str, Standing]:
    """Standings from each candidate's own trainings, without a model."""
    numbers: dict[str, Genome] = {}
    for training in trainings:
        # plain means only need to tell genomes apart
        numbers.setdefault(training.key, Genome((len(numbers),)))
    objectives = settings.problem.objectives
    results = trial_results(trainings, objectives, genome_of=lambda t: numbers[t.key])
    enough = parse_replicates(settings.search.replicates) or 1
    estimates = plain_estimates(results, num_objectives=len(objectives), enough=enough)
    return _standings(trainings, estimates, settings, robust_at_most)


def write_standings(
    folder: Path,
    found: dict[str, Standing],
    *,
    trainings: Sequence[Evaluation],
    robust_at_most: Mapping[str, float] = NOTHING,
) -> None:
    """Write standings into the folder of a run.

    Args:
        folder: folder of the run.
        found: standings by key.
        trainings: the trainings behind them.
        robust_at_most: the bounds used.
    """
    # dataclasses.asdict would be slow: it copies every number
    rows = {key: dict(vars(each)) for key, each in found.items()}
    for row in rows.values():
        row["violation"] = row["violation"] if math.isfinite(row["violation"]) else None
    document = {
        "trainings": len(trainings), "trainings_sha256": _digest(trainings), "standings": rows,
    }  # fmt: skip
    if robust_at_most:
        document["robust_at_most"] = dict(robust_at_most)
    document["sha256"] = _seal(document)
    text = json.dumps(document, allow_nan=False)
    write_whole(folder / STANDINGS_FILE, text.encode())


def read_standings(
    folder: Path,
    *,
    trainings: Sequence[Evaluation],
    robust_at_most: Mapping[str, float] = NOTHING,
) -> dict[str, Standing] | None:
    """The stored standings; None unless they are from these trainings and these bounds."""
    try:
        document = json.loads((folder / STANDINGS_FILE).read_bytes())
        if document["trainings"] != len(trainings) or document["sha256"] != _seal(document):
            return None
        if document["standings"].keys() != {training.key for training in trainings}:
            return None
        # a file of an earlier version has no digest
        if document.get("trainings_sha256") not in (None, _digest(trainings)):
            return None
        if document.get("robust_at_most", {}) != robust_at_most:
            return None
        return {key: _standing(row) for key, row in document["standings"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # it can be recomputed


def is_intact_standings(folder: Path) -> bool:
    """Whether the copy in the folder of a run matches its hash."""
    try:
        document = json.loads((folder / STANDINGS_FILE).read_bytes())
        return bool(document["sha256"] == _seal(document))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _digest(trainings: Sequence[Evaluation]) -> str:
    """Digest of what standings depend on; a retry or an extension may leave the number equal."""
    rows = [
        (
            t.key, t.replicate, t.epochs, t.failure, t.violation, t.left_out, t.learned,
            t.values, t.bounds,
        )
        for t in sorted(trainings, key=lambda t: (t.key, t.replicate))
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


def _seal(document: Mapping[str, object]) -> str:
    said = {name: value for name, value in document.items() if name != "sha256"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _standing(row: dict[str, object]) -> Standing:
    mean, error, violation = row["mean"], row["standard_error"], row["violation"]
    return Standing(
        mean=tuple(mean) if isinstance(mean, list) else None,
        standard_error=tuple(error) if isinstance(error, list) else None,
        collapsed=int(str(row["collapsed"])),
        violation=math.inf if violation is None else float(str(violation)),
        is_settled=bool(row["is_settled"]),
        p_front=None if row["p_front"] is None else float(str(row["p_front"])),
    )


def _standings(
    trainings: Sequence[Evaluation],
    estimates: Sequence[Estimate],
    settings: Settings,
    robust_at_most: Mapping[str, float],
) -> dict[str, Standing]:
    """Estimates by key; both are in the order of first request."""
    grouped = by_candidate(trainings)
    objectives = settings.problem.objectives
    estimates = [
        _held(estimate, robust_at_most[key], objectives) if key in robust_at_most else estimate
        for key, estimate in zip(grouped, estimates, strict=True)
    ]
    whole = [any(map(is_whole, some)) for some in grouped.values()]
    is_known = any(estimate.standard_error is not None for estimate in estimates)
    chances: list[float | None] = [None] * len(estimates)
    if is_known:
        # partly trained candidates are not eligible, and dominate nobody
        places = [place for place, is_any_whole in enumerate(whole) if is_any_whole]
        seed = derive_seed(settings.search.seed, "chances")
        found = p_front([estimates[place] for place in places], seed=seed)
        chances = [0.0] * len(estimates)
        for place, chance in zip(places, found, strict=True):
            chances[place] = chance
    return {
        key: Standing(
            mean=estimate.mean,
            standard_error=estimate.standard_error,
            collapsed=estimate.collapsed,
            violation=estimate.violation,
            is_settled=estimate.is_settled,
            p_front=chance,
        )
        for key, estimate, chance in zip(grouped, estimates, chances, strict=True)
    }


def _held(estimate: Estimate, robust: float, objectives: Sequence[str]) -> Estimate:
    """The training with its robustness capped."""
    if estimate.mean is None or "robust" not in objectives:
        return estimate
    mean, place = list(estimate.mean), list(objectives).index("robust")
    mean[place] = max(mean[place], OBJECTIVES["robust"].minimised(robust))
    return replace(estimate, mean=tuple(mean))
