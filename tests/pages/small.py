"""Make the commands of a page small enough for a test, otherwise unchanged."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

SIZE: dict[str, Any] = {
    "population": 2, "evaluations": 4, "epochs": 1, "images": 60, "batch": 30, "channels": 4,
    "cells": 1, "attacked_images": 10, "confirm": 1, "workers": 1,
}  # fmt: skip
"""Settings of a run that are used if the page does not give them."""

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
"""Options added to each command if the page does not give them."""

AT_MOST = {
    "--evaluations": 6, "--generations": 3, "--population": 2, "--replicates": 2, "--seeds": 2,
    "--batches": 4, "--workers": 2, "--images": 60, "--image-size": 32,
}  # fmt: skip
"""Upper limits of numbers on a page."""

SUPERNET = {"supernet_epochs": 1, "supernet_images": 60}
GUIDED = {"eg", "bionas-darts", "bionas-eg"}
"""Words of searches that train a supernet, which also get its settings."""

INSTEAD = {"--checkpoints": "10,20"}
"""Values that replace those of the page."""


def small(arguments: Sequence[str]) -> list[str]:
    """Arguments of ``evonas`` for a smaller run."""
    found = list(arguments)
    for place, word in enumerate(found[:-1]):
        if word in AT_MOST and found[place + 1].isdecimal():
            found[place + 1] = str(min(int(found[place + 1]), AT_MOST[word]))
        found[place + 1] = INSTEAD.get(word, found[place + 1])
    added = {**ADDED.get(found[0], {}), **(SUPERNET if GUIDED & set(found) else {})}
    for name, value in added.items():
        option = "--" + name.replace("_", "-")
        # --fidelity sets the number of epochs
        if option not in found and not (name == "epochs" and "--fidelity" in found):
            found += [option, str(value)]
    return found


def smaller(function: Callable[..., Any], **values: Any) -> Callable[..., Any]:
    """The function with these default values for keyword arguments."""

    def called(*arguments: Any, **given: Any) -> Any:
        return function(*arguments, **{**values, **given})

    return called
