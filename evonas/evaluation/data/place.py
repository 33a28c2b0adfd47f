"""The default data folder; torch is not needed for it."""

import os
from collections.abc import Mapping
from pathlib import Path

OWN_IMAGES = ("folder", "npz")
"""Data sets that a user made: what they are like is measured, and nobody has looked at them."""

COUNTED = (*OWN_IMAGES, "imagenet")
"""Data sets that are not known without their files: how many classes there are is counted."""


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """``$EVONAS_DATA``, else ``./data``."""
    return Path(environment.get("EVONAS_DATA") or "data")


def cache_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """For what can be found out again: ``$EVONAS_CACHE``, else ``~/.cache/evonas``."""
    if said := environment.get("EVONAS_CACHE"):
        return Path(said)
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "evonas"
