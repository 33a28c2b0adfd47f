"""``evonas export``: a trained network as a file for other programs."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from evonas.api.terminal.console import say, showing


def export(
    model: Annotated[Path, Parameter(help="The folder of a run, or a .safetensors file.")],
    key: Annotated[
        str | None,
        Parameter(help="Key of the candidate; its first characters are enough. Not for a file."),
    ] = None,
    /,
    *,
    format: Annotated[  # noqa: A002  # the option is to be called so
        Literal["safetensors", "onnx", "pt2", "python"],
        Parameter(help="onnx needs the extra 'export'; python is one module without evonas."),
    ] = "onnx",
    out: Annotated[
        Path | None,
        Parameter(
            help="Output file; default: KEY.SUFFIX in the current folder.", show_default=False
        ),
    ] = None,
    card: Annotated[
        bool,
        Parameter(
            help="Write a model card next to it: how the network learned and what was measured.",
            negative="--no-card",
        ),
    ] = True,
) -> None:
    """Export a trained network to another format, and verify the result.

    The exported network takes any batch size and includes the normalisation.
    """
    from evonas.api.export.check import NUM_CHECKED, TOLERANCE
    from evonas.api.export.exporting import CARD_SUFFIX
    from evonas.api.export.exporting import export as write

    path = write(model, key, format=format, out=out, card=card)
    said = (
        ""
        if format == "safetensors"
        else (
            f": the logits of {NUM_CHECKED} images match those of the network to {TOLERANCE:.0e}"
        )
    )
    size = path.stat().st_size / 1e6
    console = showing()
    say(console, f"{path}, {size:.2f} MB{said}")
    if card:
        text = f"model card: {path.with_suffix(CARD_SUFFIX)}"
        say(console, text)
