"""``evonas predict``: the classes that a trained network sees in image files."""

import json as lines
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.table import Table

from evonas.api.terminal.console import say, showing
from evonas.api.terminal.tables import print_table


def predict(
    model: Annotated[Path, Parameter(help="A .safetensors file of a run or of evonas train.")],
    files: Annotated[list[Path], Parameter(help="Images, or folders of images.")],
    /,
    *,
    fit: Annotated[
        Literal["crop", "letterbox"],
        Parameter(
            help="For images that are not square: crop to the centre, or add black borders."
        ),
    ] = "crop",
    json: Annotated[bool, Parameter(help="One JSON object a line.", show_default=False)] = False,
) -> None:
    """Classify images with a trained network.

    Images are decoded like training images and resized to the network's input size.
    """
    from evonas.api.export.predicting import predict as classify

    console = showing()
    found = classify(model, files, fit=fit)
    if json:
        for each in found:
            text = lines.dumps({**asdict(each), "path": str(each.path)})
            say(console, text)
        return
    table = Table("image", "class", "probability", box=None)
    table.columns[0].no_wrap = True
    for each in found:
        table.add_row(str(each.path), each.name, f"{each.probability:.3f}")
    print_table(console, table)
