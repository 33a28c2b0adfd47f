"""What the confirmations of a network come to: means, standard errors, collapsed trainings."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evonas.evaluation.objectives import OBJECTIVES
from evonas.evaluation.record import Evaluation

PRIOR_DEGREES = 4.0  # of freedom that the pooled variance counts for, beside a candidate's own
CHANCE_ERRORS = 3.0  # standard errors above chance up to which a training has learned nothing


@dataclass(frozen=True)
class Confirmed:
    """One network, by trainings that played no part in choosing it.

    Attributes:
        key: of the candidate.
        replicates: how many trainings there were, collapsed ones included.
        collapsed: how many of them failed, or ended at chance while others did not.
        means: over the others, by objective; those on the test part begin with ``test_``.
        errors: the standard error of each mean, None where there is nothing to take it from: the
            noise of training, and of a finite number of images, which all replicates share.
    """

    key: str
    replicates: int
    collapsed: int
    means: Mapping[str, float]
    errors: Mapping[str, float | None]


def summarise(confirmations: Sequence[Evaluation], *, num_classes: int) -> dict[str, Confirmed]:
    """The confirmations of each candidate, by its key.

    The variance of training is that of the candidate's own replicates, moderated by the variance
    pooled over all candidates, which counts for :data:`PRIOR_DEGREES` degrees of freedom (Smyth
    2004). Three replicates alone would say little of it.

    Args:
        confirmations: of any number of candidates.
        num_classes: of the data set, for chance.
    """
    by_key: dict[str, list[Evaluation]] = {}
    for each in confirmations:
        by_key.setdefault(each.key, []).append(each)
    healthy = {key: _healthy(some, num_classes) for key, some in by_key.items()}
    names = list(dict.fromkeys(name for e in confirmations for name in _values(e)))
    pooled = {
        name: _pooled([[_values(e)[name] for e in some] for some in healthy.values()])
        for name in names
    }
    return {
        key: _confirmed(key, len(by_key[key]), some, names, pooled)
        for key, some in healthy.items()
    }


def _confirmed(
    key: str,
    replicates: int,
    healthy: Sequence[Evaluation],
    names: Sequence[str],
    pooled: Mapping[str, float | None],
) -> Confirmed:
    means: dict[str, float] = {}
    errors: dict[str, float | None] = {}
    for name in names if healthy else ():
        values = [_values(e)[name] for e in healthy]
        means[name] = statistics.fmean(values)
        training = _moderated(values, pooled[name])
        share = means[name] * (1 - means[name]) / healthy[0].num_images[name]
        errors[name] = None if training is None else math.sqrt(training / len(values) + share)
    return Confirmed(key, replicates, replicates - len(healthy), means, errors)


def _values(evaluation: Evaluation) -> dict[str, float]:
    """The shares of images, of both parts; what needs no training cannot be confirmed."""
    validation = {
        name: value for name, value in evaluation.values.items() if OBJECTIVES[name].cost != "free"
    }
    return validation | {f"test_{name}": v for name, v in evaluation.test_values.items()}


def _healthy(some: Sequence[Evaluation], num_classes: int) -> list[Evaluation]:
    """Those that did not fail, and are not at chance while another is not."""
    alive = [e for e in some if e.failure is None]
    learned = [e for e in alive if not _is_at_chance(e, num_classes)]
    return learned or alive


def _is_at_chance(evaluation: Evaluation, num_classes: int) -> bool:
    chance = 1 / num_classes
    error = math.sqrt(chance * (1 - chance) / evaluation.num_images["acc"])
    return evaluation.values["acc"] <= chance + CHANCE_ERRORS * error


def _pooled(groups: Sequence[Sequence[float]]) -> float | None:
    """The variance within groups; None where no group has two values."""
    degrees = sum(len(group) - 1 for group in groups if group)
    if degrees == 0:
        return None
    squares = sum(statistics.variance(g) * (len(g) - 1) for g in groups if len(g) > 1)
    return squares / degrees


def _moderated(values: Sequence[float], pooled: float | None) -> float | None:
    """The variance of one candidate's trainings, drawn towards that of all."""
    if pooled is None:
        return None
    own = statistics.variance(values) if len(values) > 1 else 0.0
    degrees = len(values) - 1
    return (PRIOR_DEGREES * pooled + degrees * own) / (PRIOR_DEGREES + degrees)
