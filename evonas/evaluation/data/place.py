"""Default folders for data and caches; does not import torch."""

import os
from collections.abc import Mapping
from pathlib import Path

OWN_IMAGES = ("folder", "npz")
"""Data sets made by the user: their traits are measured, and their images are unchecked."""

MEDMNIST = (
    "pathmnist", "dermamnist", "octmnist", "pneumoniamnist", "retinamnist", "breastmnist",
    "bloodmnist", "tissuemnist", "organamnist", "organcmnist", "organsmnist",
)  # fmt: skip
"""Data sets of MedMNIST whose images are flat and have one label each."""

COUNTED = (*OWN_IMAGES, "imagenet", *MEDMNIST)
"""Data sets whose traits depend on their files: classes are counted, or moments measured."""


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """``$EVONAS_DATA``, else ``./data``."""
    return Path(environment.get("EVONAS_DATA") or "data")


def cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Folder for data that can be recomputed: ``$EVONAS_CACHE``, else ``~/.cache/evonas``."""
    if said := environment.get("EVONAS_CACHE"):
        return Path(said)
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evonas"
