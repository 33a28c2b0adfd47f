"""Plot the learning curves of a final training: loss and validation accuracy by epoch."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from evonas.evaluation.final.final_training import EpochRecord
from evonas.report.saving import save_figure

_PANEL_INCHES = 4.2
_STYLES = ("-", "--", "-.", ":")


def draw_curves(seeds: Mapping[int, Sequence[EpochRecord]], *, path: Path, title: str) -> None:
    """Write a PNG with one line per seed; the second panel needs validation accuracies.

    Args:
        seeds: records of all epochs, keyed by seed.
        path: path of the picture.
        title: title above the panels.
    """
    has_validation = any(e.validation is not None for epochs in seeds.values() for e in epochs)
    panels = 2 if has_validation else 1
    figure = Figure(figsize=(_PANEL_INCHES * panels + 0.4, _PANEL_INCHES), layout="constrained")
    axes = list(figure.subplots(1, panels, squeeze=False).flat)
    for number, (seed, epochs) in enumerate(seeds.items()):
        style = _STYLES[number % len(_STYLES)]
        places = [each.epoch for each in epochs]
        label = f"seed {seed}"
        axes[0].plot(places, [each.loss for each in epochs], style, label=label, linewidth=1.3)
        if has_validation:
            known = [each for each in epochs if each.validation is not None]
            values = [100 * (each.validation or 0.0) for each in known]
            axes[1].plot([e.epoch for e in known], values, style, label=label, linewidth=1.3)
    axes[0].set_ylabel("training loss, nats")
    if has_validation:
        axes[1].set_ylabel("validation accuracy, %")
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.grid(visible=True, alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[-1].legend(frameon=False)
    figure.suptitle(title, fontsize="medium")
    save_figure(figure, path, metadata={"Software": None})
