"""Where data are sought when nobody says; torch is not needed for it."""

import os
from collections.abc import Mapping
from pathlib import Path

OWN_IMAGES = ("folder", "npz")
"""Data sets that a user made: what they are like is measured, and nobody has looked at them."""


def default_data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """``$EVONAS_DATA``, else ``./data``."""
    return Path(environment.get("EVONAS_DATA") or "data")
