"""Plot accuracy under attack against the radius."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evonas.evaluation.attacks.battery.outcome import Outcome, worst_cases
from evonas.report.saving import save_figure

PICTURE_FILE = "attacks.png"
# differ in shade and marker, for black-and-white print and colour-blind readers
_COLORS = ("#0b5394", "#c2410c", "#0f766e", "#7c3aed", "#64748b", "#a16207", "#be185d")
_MARKERS = "osD^vPX*"
_WORST = "#111827"


def draw_attacks(outcomes: Sequence[Outcome], *, path: Path, title: str) -> None:
    """Write a PNG: one line per attack, and the worst case in bold with its 95 % interval.

    Masked accuracies, of attacks along the rules' own backward pass, are dotted.

    Args:
        outcomes: outcomes of attacks on one network; those without a radius are not drawn.
        path: path of the picture.
        title: title above the plot.
    """
    # lines go from the smallest radius to the largest, in whatever order they were attacked
    shown = sorted((e for e in outcomes if e.epsilon), key=lambda e: Fraction(e.epsilon))
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axis = figure.subplots()
    names = list(dict.fromkeys(each.attack for each in shown))
    for number, name in enumerate(names):
        color, marker = _COLORS[number % len(_COLORS)], _MARKERS[number % len(_MARKERS)]
        true = [e for e in shown if e.attack == name and not e.is_masked]
        masked = [e for e in shown if e.attack == name and e.is_masked]
        _line(axis, true, color=color, marker=marker, label=name)
        _line(axis, masked, color=color, marker=marker, label=f"{name}, masked", style=":")
    worst = worst_cases(shown)
    _line(axis, worst, color=_WORST, marker="", label="worst case", width=2.5)
    low, high = zip(*(each.interval for each in worst), strict=True)
    axis.fill_between(_radii(worst), low, high, color=_WORST, alpha=0.12, linewidth=0)
    axis.axhline(shown[0].clean, color=_WORST, linewidth=0.8, linestyle="--", label="no attack")
    axis.set_xlabel("radius, 1/255 of the pixel range")
    axis.set_ylabel("accuracy under attack")
    axis.set_ylim(-0.02, 1.02)
    axis.set_xlim(left=0.0)
    axis.grid(alpha=0.25)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.set_title(title, fontsize=10)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    save_figure(figure, path)


def _line(
    axis: Axes,
    some: Sequence[Outcome],
    *,
    color: str,
    marker: str,
    label: str,
    style: str = "-",
    width: float = 1.2,
) -> None:
    if some:
        at_zero = some[0].clean  # an attack of radius 0 changes nothing
        axis.plot(
            [0.0, *_radii(some)], [at_zero, *(each.accuracy for each in some)], color=color,
            marker=marker, markersize=4, linestyle=style, linewidth=width, label=label,
        )  # fmt: skip


def _radii(some: Sequence[Outcome]) -> list[float]:
    """Radii of the outcomes, in 1/255 of the pixel range."""
    return [float(Fraction(each.epsilon) * 255) for each in some]
