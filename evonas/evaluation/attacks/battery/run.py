"""Run a battery of attacks: each attack once at every applicable radius and gradient."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import torch
from torch import Tensor, nn

from evonas.evaluation.attacks.battery.outcome import Outcome
from evonas.evaluation.attacks.epsilon import format_epsilon, parse_epsilon
from evonas.evaluation.attacks.masking.diagnosis import masking
from evonas.evaluation.attacks.masking.report import Masking
from evonas.evaluation.attacks.referee import referee
from evonas.evaluation.attacks.suite import NamedAttack, run_attack
from evonas.evaluation.attacks.under_attack import GradientKind
from evonas.evaluation.data.images import FloatImages, Images
from evonas.evaluation.data.split import stratified_part
from evonas.evaluation.training.precision import arithmetic
from evonas.rules import rule_layers
from evonas.seeds import derive_seed

REFEREE = "autoattack"


@final
@dataclass(frozen=True)
class Battery:
    """Attacks to run on a network, and their settings.

    Attributes:
        attacks: attacks to run at every radius; those that change a few pixels run only once.
        epsilons: radii, in units of the pixel range.
        seed: seed of the random numbers of all attacks.
        has_referee: whether to also run the authors' AutoAttack, last at each radius.
        few_images: number of images for the expensive attacks that change a few pixels; drawn from
            all images, stratified by class.
        batch_size: number of images attacked at once; affects the result only by rounding.
    """

    attacks: tuple[NamedAttack, ...]
    epsilons: tuple[Fraction, ...]
    seed: int
    has_referee: bool = False
    few_images: int = 100
    batch_size: int = 256


@final
@dataclass(frozen=True)
class BatteryResult:
    """Results of a battery.

    Attributes:
        outcomes: outcome of every attack at every radius and gradient, by ascending radius; those
            without a radius come last.
        masking: for each radius as text, the masking diagnostics.
    """

    outcomes: tuple[Outcome, ...]
    masking: dict[str, Masking]


Record = Callable[[str, dict[str, Any]], None]


def run_battery(
    network: nn.Module,
    images: Images | FloatImages,
    battery: Battery,
    *,
    known: Mapping[str, Mapping[str, Any]],
    record: Record,
    on_progress: Callable[[int, int], None],
) -> BatteryResult:
    """Run everything in a battery whose result is not known yet, in float32 on a GPU, too.

    The result contains all known outcomes too, such as those of other radii or of another level,
    so that a later call adds to an earlier one. A diagnosis is made again if there are more
    attacks at its radius than it compared.

    Args:
        network: maps images in [0, 1] to logits (N, classes).
        images: images on the network's device.
        battery: battery to run.
        known: documents of earlier results, by name: of this network, on these images.
        record: called with the name and the document of each result as soon as it is available.
        on_progress: called with the number of available results and their total.

    Raises:
        CandidateFailure: the network cannot be attacked honestly.
        ConfigError: the referee is not installed.
        DataError: there are no images.
    """
    works = list(_works(network, images, battery, known))
    found = {
        name: known[name]
        for name, _ in works
        if name in known and not _is_outdated(name, battery, known)
    }
    on_progress(len(found), len(works))
    for name, work in works:
        if name not in found:
            with arithmetic("fp32", device_type=images.labels.device.type):
                document = work({**found, **known})
            record(name, document)
            found[name] = document
            on_progress(len(found), len(works))
    found = {name: found[name] for name, _ in works} | {**known, **found}
    outcomes = [Outcome.from_document(found[name]) for name in found if _is_outcome(name)]
    outcomes.sort(
        key=lambda each: (not each.epsilon, each.epsilon and parse_epsilon(each.epsilon))
    )
    diagnoses = {
        name.removeprefix(_MASKING): Masking.from_document(found[name])
        for name in found
        if not _is_outcome(name)
    }
    return BatteryResult(tuple(outcomes), diagnoses)


_MASKING = "masking "
_COMPARED = "compared"  # in the document of a diagnosis: names of the results it compares
_Found = Mapping[str, Mapping[str, Any]]
_Work = tuple[str, Callable[[_Found], dict[str, Any]]]


def _is_outcome(name: str) -> bool:
    return not name.startswith(_MASKING)


def _compared(battery: Battery, epsilon: Fraction, known: _Found) -> tuple[list[str], list[str]]:
    """Names of the results that a diagnosis compares, earlier ones too: white-box, black-box."""
    linf = [attack for attack in battery.attacks if attack.norm == "linf"]
    kinds = {_name(each.name, epsilon, "true"): each.is_black_box for each in linf}
    for name, said in known.items():
        is_here = _is_outcome(name) and name == _name(said["attack"], epsilon, "true")
        if is_here and said["attack"] != REFEREE:  # AutoAttack is of both kinds
            kinds[name] = said["gradient"] == "none"
    white = [name for name, is_black_box in kinds.items() if not is_black_box]
    return white, [name for name, is_black_box in kinds.items() if is_black_box]


def _is_outdated(name: str, battery: Battery, known: _Found) -> bool:
    """Whether a known diagnosis was made without some attacks that it should compare."""
    if _is_outcome(name):
        return False
    white, black = _compared(battery, parse_epsilon(name.removeprefix(_MASKING)), known)
    return set(known[name].get(_COMPARED, ())) != {*white, *black}


def _works(
    network: nn.Module, images: Images | FloatImages, battery: Battery, known: _Found
) -> Iterator[_Work]:
    """Yield all work with its name; the diagnostics follow the attacks whose results they use."""
    linf = [attack for attack in battery.attacks if attack.norm == "linf"]
    has_rules = bool(rule_layers(network))
    for epsilon in battery.epsilons:
        for attack in linf:
            yield (
                _name(attack.name, epsilon, "true"),
                _attacking(network, images, battery, attack, epsilon),
            )
            if has_rules and not attack.is_black_box:
                yield (
                    _name(attack.name, epsilon, "surrogate"),
                    _attacking(network, images, battery, attack, epsilon, gradient="surrogate"),
                )
        white, black = _compared(battery, epsilon, known)
        yield (
            f"{_MASKING}{format_epsilon(epsilon)}",
            _diagnosing(network, images, battery, epsilon, white=white, black=black),
        )
        if battery.has_referee:
            yield _name(REFEREE, epsilon, "true"), _refereeing(network, images, battery, epsilon)
    few, _ = stratified_part(  # the first images may all be of one class
        images.labels,
        num_images=min(battery.few_images, len(images)),
        seed=derive_seed(battery.seed, "few images"),
    )
    for attack in battery.attacks:
        if attack.norm == "l0":
            yield attack.name, _attacking(network, images.subset(few), battery, attack, None)


def _name(attack: str, epsilon: Fraction, gradient: str) -> str:
    return f"{attack} {format_epsilon(epsilon)} {gradient}"


def _attacking(
    network: nn.Module,
    images: Images | FloatImages,
    battery: Battery,
    attack: NamedAttack,
    epsilon: Fraction | None,
    *,
    gradient: GradientKind = "true",
) -> Callable[[_Found], dict[str, Any]]:
    def work(_: _Found) -> dict[str, Any]:
        start = time.perf_counter()
        result = run_attack(
            network, images, attack, epsilon=epsilon or 0, seed=battery.seed,
            batch_size=battery.batch_size, gradient=gradient,
        )  # fmt: skip
        return Outcome(
            attack=attack.name,
            epsilon="" if epsilon is None else format_epsilon(epsilon),
            gradient="none" if attack.is_black_box else gradient,
            correct=_bits(result.correct),
            robust=_bits(result.robust & result.correct),
            seconds=time.perf_counter() - start,
            note=result.note,
        ).as_document()

    return work


def _refereeing(
    network: nn.Module, images: Images | FloatImages, battery: Battery, epsilon: Fraction
) -> Callable[[_Found], dict[str, Any]]:
    def work(found: _Found) -> dict[str, Any]:
        start = time.perf_counter()
        correct = next(iter(found.values()))["correct"]
        with torch.no_grad():
            num_classes = network(images.pixels[:1].float()).shape[1]
        result = referee(
            network, images, epsilon=epsilon, num_classes=num_classes, seed=battery.seed,
            batch_size=battery.batch_size,
        )  # fmt: skip
        return Outcome(
            attack=REFEREE,
            epsilon=format_epsilon(epsilon),
            gradient="true",
            correct=correct,
            robust=_bits(result.robust),
            seconds=time.perf_counter() - start,
            note="; ".join(result.notes.values()),
        ).as_document()

    return work


def _diagnosing(
    network: nn.Module,
    images: Images | FloatImages,
    battery: Battery,
    epsilon: Fraction,
    *,
    white: Sequence[str],
    black: Sequence[str],
) -> Callable[[_Found], dict[str, Any]]:
    def work(found: _Found) -> dict[str, Any]:
        diagnosis = masking(
            network,
            images,
            epsilon=epsilon,
            seed=battery.seed,
            white_box=_together(found, white, images.pixels.device),
            black_box=_together(found, black, images.pixels.device),
            batch_size=battery.batch_size,
        )
        return {**diagnosis.as_document(), _COMPARED: [*white, *black]}

    return work


def _together(found: _Found, names: Sequence[str], device: torch.device) -> Tensor | None:
    """Bool, (N,): which images withstood all of these attacks; None if there are none."""
    if not names:
        return None
    flags = [[bit == "1" for bit in found[name]["robust"]] for name in names]
    return torch.tensor(flags, device=device).all(0)


def _bits(flags: Tensor) -> str:
    return "".join("1" if flag else "0" for flag in flags.tolist())
