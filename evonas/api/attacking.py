"""A trained network under attack: any torch module, a saved model, or a candidate of a run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from evonas.api.progress_bar import count_display
from evonas.errors import ConfigError, DataError
from evonas.evaluation.attacks.battery.outcome import Outcome, worst_cases
from evonas.evaluation.attacks.battery.run import Battery, Record, run_battery
from evonas.evaluation.attacks.epsilon import parse_epsilon
from evonas.evaluation.attacks.frozen_network import frozen
from evonas.evaluation.attacks.masking.diagnosis import FEW_STEPS
from evonas.evaluation.attacks.masking.report import Masking
from evonas.evaluation.attacks.suite import LEVEL_1, LEVEL_2, ONE_PIXEL, NamedAttack
from evonas.evaluation.data.images import FloatImages, Images
from evonas.evaluation.ordinary_torch import ordinary_torch
from evonas.settings.reading import plain, whole_number

if TYPE_CHECKING:
    import pandas as pd

LEVELS: dict[int, tuple[NamedAttack, ...]] = {1: (FEW_STEPS, *LEVEL_1), 2: LEVEL_2}
BAR_TITLE = "attacking"


@dataclass(frozen=True)
class AttackReport:
    """The results of attacks on a network.

    Attributes:
        outcomes: one for each attack, radius and gradient, image by image.
        masking: by radius (as text), whether gradient attacks can be trusted there.
        folder: with ``attacks.csv``, ``attacks.json`` and ``attacks.png``; None if nothing was
            written.

    Examples:
        >>> network = study.load(study.front.index[0])
        >>> images, labels = torch.rand(8, 1, 8, 8), torch.arange(8)
        >>> report = evonas.attack(network, images, labels, epsilon="4/255", progress=False)
        >>> 0.0 <= report.worst_case["4/255"] <= report.outcomes[0].clean
        True
    """

    outcomes: tuple[Outcome, ...]
    masking: dict[str, Masking]
    folder: Path | None = None

    @property
    def table(self) -> "pd.DataFrame":
        """One row for each attack, radius and gradient, and the worst case of each radius."""
        from evonas.report.attacks.table import attack_table

        return attack_table(self.outcomes)

    @property
    def worst_case(self) -> dict[str, float]:
        """By radius (as text), the share of images classified correctly under every attack."""
        return {each.epsilon: each.accuracy for each in worst_cases(self.outcomes)}

    @property
    def flags(self) -> tuple[str, ...]:
        """Names of the masking checks that are flagged at any radius."""
        return tuple(dict.fromkeys(flag for each in self.masking.values() for flag in each.flags))


@ordinary_torch()
def attack(
    network: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epsilon: str | float | Fraction | Iterable[str | float | Fraction] = "8/255",
    level: int = 1,
    one_pixel: bool = False,
    referee: bool = False,
    seed: int = 0,
    batch_size: int = 256,
    progress: bool = True,
) -> AttackReport:
    """Attack a network along its true gradient, and check whether the result can be trusted.

    The network is attacked in evaluation mode; its previous mode is restored. Normalisation must
    be inside the network, as a radius is a share of the pixel range [0, 1]. If its layers learn by
    evonas' rules, each gradient attack also runs along the rules' own backward pass, marked as
    masked.

    Args:
        network: maps images to logits (N, classes).
        images: float, (N, channels, height, width), in [0, 1].
        labels: int64, (N,), on the images' device.
        epsilon: radius of the L-infinity ball, or several: ``"8/255"`` or ``0.03``.
        level: 1 (APGD on two losses, Square with 500 queries) or 2 (for reports: APGD on three
            losses with 100 steps, PGD with 40 steps and 5 restarts, Square with 5,000 queries).
        one_pixel: whether to add attacks that change 1, 3 and 5 pixels, on at most 100 images.
        referee: whether to run the authors' AutoAttack last (``pip install 'evonas[robust]'``).
        seed: seed of the random numbers of the attacks.
        batch_size: images attacked at once; affects the result only by rounding.
        progress: whether to show a progress bar.

    Raises:
        ConfigError: a radius, the level or the batch size is out of range, or the referee is not
            installed.
        DataError: images or labels have a wrong type, shape or range.
        CandidateFailure: two forward passes on the same images differ, or logits are not finite.

    Examples:
        >>> network = study.load(study.front.index[0])
        >>> images, labels = torch.rand(8, 1, 8, 8), torch.arange(8)
        >>> report = evonas.attack(network, images, labels, epsilon="4/255", progress=False)
        >>> report.table.columns[:5].tolist()
        ['epsilon', 'attack', 'gradient', 'masked', 'accuracy']
    """
    battery = make_battery(
        epsilon, level=level, has_one_pixel=one_pixel, has_referee=referee, seed=seed,
        batch_size=batch_size,
    )  # fmt: skip
    checked = _checked(images, labels)
    _check_classes(network, checked)
    with count_display(is_quiet=not progress, title=BAR_TITLE, unit="results") as show:
        result = run_battery(
            network, checked, battery, known={}, record=lambda *_: None, on_progress=show
        )
    return AttackReport(result.outcomes, result.masking)


def make_battery(
    epsilon: str | float | Fraction | Iterable[str | float | Fraction],
    *,
    level: int,
    has_one_pixel: bool = False,
    has_referee: bool = False,
    seed: int = 0,
    batch_size: int = 256,
) -> Battery:
    """The attacks of a level at some radii.

    Raises:
        ConfigError: a radius, the level, the seed or the batch size is out of range.
    """
    level = whole_number("level", level)
    batch_size = whole_number("batch size of an attack", batch_size, at_least=1)
    seed = whole_number("seed of an attack", seed, at_least=0)
    if level not in LEVELS:
        raise ConfigError(f"level: expected 1 or 2, got {level}")
    given: Any = plain(epsilon)
    several = [given] if isinstance(given, str | int | float | Fraction) else list(given)
    radii = tuple(dict.fromkeys(_radius(plain(each)) for each in several))
    if not radii:
        raise ConfigError("epsilon: expected at least one radius, got none")
    attacks = (*LEVELS[level], *(ONE_PIXEL if has_one_pixel else ()))
    return Battery(attacks, radii, seed, has_referee=has_referee, batch_size=batch_size)


def attack_and_write(
    network: nn.Module,
    images: Images | FloatImages,
    battery: Battery,
    *,
    known: Mapping[str, Mapping[str, Any]],
    record: Record,
    on_progress: Callable[[int, int], None],
    folder: Path,
    title: str,
    about: Mapping[str, Any],
) -> AttackReport:
    """Attack, and write the table, the JSON file and the picture, for commands.

    Args:
        network: maps images in [0, 1] to logits.
        images: on its device.
        battery: battery of attacks.
        known: earlier results by name; the files have them too.
        record: stores each result as soon as it is available.
        on_progress: called with the number of results so far and their total.
        folder: folder of the files.
        title: title of the picture.
        about: description of the target, for the JSON file.

    Raises:
        EvonasError: see :func:`attack`.
    """
    from evonas.report.attacks.plot import PICTURE_FILE, draw_attacks
    from evonas.report.attacks.table import write_attacks

    result = run_battery(
        network, images, battery, known=known, record=record, on_progress=on_progress
    )
    radii = list(dict.fromkeys(each.epsilon for each in result.outcomes if each.epsilon))
    whole = {**about, "epsilons": radii, "seed": battery.seed}
    write_attacks(folder, result.outcomes, result.masking, about=whole)
    draw_attacks(result.outcomes, path=folder / PICTURE_FILE, title=title)
    return AttackReport(result.outcomes, result.masking, folder)


def _radius(given: str | float | Fraction) -> Fraction:
    if isinstance(given, str):
        return parse_epsilon(given)
    if not 0 <= given <= 1:
        raise ConfigError(f"epsilon: expected a share of the pixel range from 0 to 1, got {given}")
    return Fraction(given).limit_denominator(10**6)


def _check_classes(network: nn.Module, images: FloatImages) -> None:
    """Refuse images and labels that do not fit the network, before any attack."""
    with frozen(network), torch.no_grad():
        try:
            logits = network(images.pixels[:1])
        except (RuntimeError, ValueError) as problem:  # torch's layers raise these for a shape
            shape = tuple(images.pixels.shape[1:])
            raise DataError(
                f"images: the network fails on an image of shape {shape}: {problem}"
            ) from problem
    if not isinstance(logits, Tensor) or logits.dim() != 2:
        said = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise DataError(f"network: expected logits (N, classes), got {said}")
    low, high = int(images.labels.min()), int(images.labels.max())
    if low < 0 or high >= logits.shape[1]:
        raise DataError(
            f"labels: expected classes from 0 to {logits.shape[1] - 1}, as the network has "
            f"{logits.shape[1]}, got {low} to {high}"
        )


def _checked(images: Tensor, labels: Tensor) -> FloatImages:
    for name, given in (("images", images), ("labels", labels)):
        if not isinstance(given, Tensor):
            raise DataError(f"{name}: expected a torch.Tensor, got {type(given).__name__}")
    images = images.detach()
    if images.dim() != 4 or not images.is_floating_point() or not len(images):
        raise DataError(
            "images: expected float (N, channels, height, width) in [0, 1] with N above 0, got "
            f"{images.dtype} {tuple(images.shape)}"
        )
    low, high = float(images.min()), float(images.max())
    if not (low >= 0.0 and high <= 1.0):
        raise DataError(
            f"images: expected values in [0, 1], got {low:.3g} to {high:.3g}; put the "
            "normalisation into the network, for instance in front by torch.nn.Sequential"
        )
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise DataError(
            f"labels: expected int64 ({len(images)},), got {labels.dtype} {tuple(labels.shape)}"
        )
    if labels.device != images.device:
        raise DataError(
            f"labels: expected on the images' device {images.device}, got {labels.device}"
        )
    return FloatImages(images, labels)
