"""What makes the commands of a page small enough for a test; all else is run as it is written."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

SIZE: dict[str, Any] = {
    "population": 2, "evaluations": 4, "epochs": 1, "images": 60, "batch": 30, "channels": 4,
    "cells": 1, "attacked_images": 10, "confirm": 1, "workers": 1,
}  # fmt: skip
"""Settings of a run, where a page says nothing of them."""

ADDED: Mapping[str, Mapping[str, Any]] = {
    "run": SIZE,
    "resume": {"workers": 1},
    "confirm": {"workers": 1},
    "ablate": {"random": 1, "shuffled": 1, "architectures": 1, "replicates": 1, "workers": 1},
    "attack": {"images": 4},
    "analyse": {"batches": 4, "grid": 3},
    "train": {"epochs": 4, "batch": 500},
    "bench": {"population": 5, "workers": 1, "seeds": 2, "checkpoints": "10,20"},
}
"""Options that a command is given, by its name, where the page does not give them."""

AT_MOST = {
    "--evaluations": 6, "--generations": 3, "--population": 2, "--replicates": 2, "--seeds": 2,
    "--batches": 4, "--workers": 2, "--images": 60, "--image-size": 32,
}  # fmt: skip
"""Numbers of a page that are cut to this."""

SUPERNET = {"supernet_epochs": 1, "supernet_images": 60}
GUIDED = {"eg", "bionas-darts", "bionas-eg"}
"""A search with one of these words trains a supernet, and has its settings too."""

INSTEAD = {"--checkpoints": "10,20"}
"""Values that stand for those of the page."""


def small(arguments: Sequence[str]) -> list[str]:
    """The arguments of ``evonas``, smaller."""
    found = list(arguments)
    for place, word in enumerate(found[:-1]):
        if word in AT_MOST and found[place + 1].isdecimal():
            found[place + 1] = str(min(int(found[place + 1]), AT_MOST[word]))
        found[place + 1] = INSTEAD.get(word, found[place + 1])
    added = {**ADDED.get(found[0], {}), **(SUPERNET if GUIDED & set(found) else {})}
    for name, value in added.items():
        option = "--" + name.replace("_", "-")
        # --fidelity says how many epochs there are
        if option not in found and not (name == "epochs" and "--fidelity" in found):
            found += [option, str(value)]
    return found


def smaller(function: Callable[..., Any], **values: Any) -> Callable[..., Any]:
    """The function, with these values for what a block does not pass by name."""

    def called(*arguments: Any, **given: Any) -> Any:
        return function(*arguments, **{**values, **given})

    return called
